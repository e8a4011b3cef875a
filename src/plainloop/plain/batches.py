"""Batches: whole batches of rows cut out of tensors, in an order that is a function of (seed, epoch) alone.

`Rows` is a map-style Dataset whose index is a tensor of row numbers, `EpochBatches` the sampler that yields such tensors; both
go into an ordinary DataLoader with batch_size=None. Fetching row by row through a DataLoader costs about 34 times as much.
Rows of different lengths come in batches of like length, so that little of a batch is padding.
Because the order needs no state, a resumed run starts at (epoch, step) and sees the very batches it would have seen.
Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from .ragged import Ragged

Batch = tuple[dict[str, Tensor], Tensor]
POOL = 50  # batches whose rows are sorted by length together: more leave less padding, and fewer chances to meet
NOISE = 2.0  # tokens by which the length of a source is taken for longer at random, so that a batch has other rows each epoch


class Rows(Dataset):
    """Encoded rows in memory: model inputs by kind, and the target.

    start: of a target of tokens, the token before the first. Such a target is also an input, "target_in", one place later: the
    model is told what stands before the place that it scores (teacher forcing).

    Shape: every tensor (n, ...), or `Ragged` of n rows; an item is the batch of the row numbers asked for.
    """

    def __init__(self, inputs: dict[str, Any], target: Any, start: int | None = None):
        self.inputs, self.target, self.start = inputs, target, start

    @property
    def lengths(self) -> Tensor | None:
        """The lengths of the rows of a ragged input, None where there is none. Shape: int64 (n,), on the CPU."""
        ragged = [values.lengths for values in self.inputs.values() if isinstance(values, Ragged)]
        return torch.stack(ragged).sum(0).cpu() if ragged else None

    @property
    def target_lengths(self) -> Tensor | None:
        """The tokens of each row's target, None where it is no row of tokens. Shape: int64 (n,), on the CPU."""
        return self.target.lengths.cpu() if isinstance(self.target, Ragged) else None

    def targets(self) -> Tensor:
        """The targets of all rows, in order, on the CPU; rows of tokens padded to the longest."""
        return self.target.index_select(0, torch.arange(len(self), device=self.target.device)).cpu()

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: Tensor) -> Batch:
        rows = rows.to(self.target.device, non_blocking=True)
        inputs = {kind: values.index_select(0, rows) for kind, values in self.inputs.items()}
        target = self.target.index_select(0, rows)
        if self.start is not None:
            first = target.new_full((len(rows), 1), self.start)
            inputs["target_in"] = torch.cat([first, target[:, :-1]], 1)  # (B, T); what follows the last token scores nothing
        return inputs, target

    def to(self, device: torch.device) -> Rows:
        inputs = {kind: values.to(device) for kind, values in self.inputs.items()}
        return Rows(inputs, self.target.to(device), self.start)


class EpochBatches(Sampler[Tensor]):
    """Row numbers of each batch of an epoch: shuffled, or drawn by weight with replacement, or in order.

    The order of epoch e depends on (seed, e) alone. A last batch of one row joins the batch before it, because batch
    normalisation cannot train on a single row. With lengths the batches hold rows of like length: shuffled rows are sorted in
    pools of some batches, and the batches shuffled; rows in order are sorted from the shortest to the longest.

    tokens: with lengths, cut at this many tokens of source and target instead, padding included. All rows are sorted, equal
    ones and their neighbours in another order each epoch, and the batches shuffled; how many rows the batch of each rank has
    is the same in every epoch, and so is their number.

    Shape: lengths, target_lengths int64 (n,); yields int64 (rows of the batch,).
    """

    def __init__(
        self,
        num_rows: int,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        weights: Tensor | None = None,
        lengths: Tensor | None = None,
        target_lengths: Tensor | None = None,
        tokens: int = 0,
    ):
        self.num_rows, self.batch_size, self.seed, self.shuffle, self.weights = num_rows, batch_size, seed, shuffle, weights
        self.lengths, self.target_lengths = lengths, target_lengths
        self.epoch, self.start = 0, 0  # the epoch to draw, and the first of its batches that is wanted
        self.by_tokens = tokens > 0 and shuffle and lengths is not None
        self.sizes = self._by_tokens(tokens) if self.by_tokens else self._by_rows()
        self._batches: tuple[int, list[Tensor]] = (-1, [])  # the epoch that was drawn last

    def _by_rows(self) -> list[int]:
        full, rest = divmod(self.num_rows, self.batch_size)
        sizes = [self.batch_size] * full + ([rest] if rest or not full else [])
        return sizes if rest != 1 or not full else [*sizes[:-2], sizes[-2] + 1]

    def _by_tokens(self, tokens: int) -> list[int]:
        """How many of the sorted rows make a batch: as many as have no more tokens when padded, but at least one."""
        order = self._sorted(torch.zeros(self.num_rows))
        assert self.lengths is not None
        source = self.lengths[order].tolist()
        target = [0] * self.num_rows if self.target_lengths is None else self.target_lengths[order].tolist()
        sizes: list[int] = []
        longest = (0, 0)
        for pair in zip(source, target, strict=True):
            both = max(longest[0], pair[0]), max(longest[1], pair[1])
            if not sizes or sum(both) * (sizes[-1] + 1) > tokens:
                sizes.append(0)
                both = pair
            sizes[-1] += 1
            longest = both
        return sizes

    def _sorted(self, noise: Tensor) -> Tensor:
        """All rows by the length of their target, then by that of their source and the noise. Shape: int64 (n,)."""
        assert self.lengths is not None
        by_source = (self.lengths + noise).argsort(stable=True)
        return by_source if self.target_lengths is None else by_source[self.target_lengths[by_source].argsort(stable=True)]

    def batches(self) -> list[Tensor]:
        """The row numbers of the epoch's batches, each int64 (rows of the batch,)."""
        if self._batches[0] != self.epoch:
            self._batches = (self.epoch, self._draw_batches())
        return self._batches[1]

    def order(self) -> Tensor:
        """The row numbers of the epoch, batch after batch. Shape: int64 (n,)."""
        return torch.cat(self.batches())

    def _draw_batches(self) -> list[Tensor]:
        if not self.shuffle:
            rows = torch.arange(self.num_rows) if self.lengths is None else self.lengths.argsort(stable=True)
            return list(rows.split(self.sizes))
        generator = torch.Generator().manual_seed(mix(self.seed, self.epoch, 0))
        if self.by_tokens:
            made = self._sorted(NOISE * torch.rand(self.num_rows, generator=generator)).split(self.sizes)
            return [made[turn] for turn in torch.randperm(len(made), generator=generator).tolist()]
        drawn = self._drawn(generator)
        return list(drawn.split(self.sizes)) if self.lengths is None else self._alike(drawn, self.lengths, generator)

    def _drawn(self, generator: torch.Generator) -> Tensor:
        if self.weights is None:
            return torch.randperm(self.num_rows, generator=generator)
        edges = self.weights.double().cumsum(0)  # as WeightedRandomSampler draws, without its limit of 2^24 rows
        draws = torch.rand(self.num_rows, generator=generator, dtype=torch.float64) * edges[-1]
        return torch.searchsorted(edges, draws, right=True).clamp_max(self.num_rows - 1)

    def _alike(self, drawn: Tensor, lengths: Tensor, generator: torch.Generator) -> list[Tensor]:
        """Batches of the drawn rows, each of rows of like length; the last batch, which is smaller, stays the last."""
        made: list[Tensor] = []
        first = 0
        for place in range(0, len(self), POOL):
            sizes = self.sizes[place : place + POOL]
            pool = drawn[first : first + sum(sizes)]
            first += len(pool)
            pool = pool[lengths[pool].argsort(stable=True)]
            last = int(torch.randint(len(sizes), (1,), generator=generator))  # a small last batch has rows of any length
            sizes[last], sizes[-1] = sizes[-1], sizes[last]
            batches = list(pool.split(sizes))
            batches[last], batches[-1] = batches[-1], batches[last]
            made += batches
        turns = torch.randperm(len(made) - 1, generator=generator).tolist()
        return [made[turn] for turn in turns] + made[-1:]

    def __len__(self) -> int:
        return len(self.sizes)

    def share(self, step: int, accumulate: int) -> float:
        """The share of a batch in its group of `accumulate` batches; so weighed, gradients add up to the mean of the group.

        The mean is over rows, or over tokens where the target is a row of tokens.
        """
        if accumulate == 1:
            return 1.0
        first = step - step % accumulate
        group = self.batches()[first : first + accumulate]
        counts = [len(rows) if self.target_lengths is None else int(self.target_lengths[rows].sum()) for rows in group]
        return counts[step - first] / sum(counts)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches()[self.start :])


def loader(rows: Dataset, batches: EpochBatches, workers: int = 0) -> DataLoader:
    """The DataLoader over whole batches; its own generator keeps it from moving torch's global one."""
    return DataLoader(
        rows,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        generator=torch.Generator().manual_seed(batches.seed),
    )


def class_weights(target: Tensor) -> Tensor:
    """The drawing weight of each row, such that every class is drawn equally often (for several labels: its rarest one).

    Shape: target (n,) classes or (n, C) labels; weights float64 (n,).
    """
    if target.dim() == 1:
        counts = torch.bincount(target.long())
        return 1.0 / counts.double()[target.long()]
    rarity = 1.0 / target.double().sum(0).clamp_min(1)  # (C,)
    none = 1.0 / (target.sum(1) == 0).sum().clamp_min(1).double()
    return torch.where(target.sum(1) > 0, (target.double() * rarity).amax(1), none)


def mix(seed: int, epoch: int, step: int) -> int:
    """One seed out of three numbers, the same on every machine."""
    mixed = 0x9E3779B97F4A7C15
    for number in (seed, epoch, step):
        mixed = (mixed ^ (number & 0xFFFFFFFFFFFFFFFF)) * 0xD6E8FEB86659FD93 % 2**64
        mixed ^= mixed >> 32
    return mixed >> 1  # torch wants it below 2^63


def _as_it_is(batch: Any) -> Any:
    return batch
