"""Batches: whole batches of rows cut out of tensors, in an order that is a function of (seed, epoch) alone.

`Rows` is a map-style Dataset whose index is a tensor of row numbers, `EpochBatches` the sampler that yields such tensors; both
go into an ordinary DataLoader with batch_size=None. Fetching row by row through a DataLoader costs about 34 times as much.
Rows of different lengths come in batches of like length, so that little of a batch is padding.
Because the order needs no state, a resumed run starts at (epoch, step) and sees the very batches it would have seen.
Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from .ragged import Ragged

Batch = tuple[dict[str, Tensor], Tensor]
POOL = 50  # batches whose rows are sorted by length together: more leave less padding, and fewer chances to meet


class Rows(Dataset):
    """Encoded rows in memory: model inputs by kind, and the target.

    Shape: every tensor (n, ...), or `Ragged` of n rows; an item is the batch of the row numbers asked for.
    """

    def __init__(self, inputs: dict[str, Any], target: Any):
        self.inputs, self.target = inputs, target

    @property
    def lengths(self) -> Tensor | None:
        """The lengths of the rows of a ragged input, None where there is none. Shape: int64 (n,), on the CPU."""
        ragged = [values.lengths for values in self.inputs.values() if isinstance(values, Ragged)]
        return torch.stack(ragged).sum(0).cpu() if ragged else None

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: Tensor) -> Batch:
        rows = rows.to(self.target.device, non_blocking=True)
        return {kind: values.index_select(0, rows) for kind, values in self.inputs.items()}, self.target.index_select(0, rows)

    def to(self, device: torch.device) -> Rows:
        return Rows({kind: values.to(device) for kind, values in self.inputs.items()}, self.target.to(device))


class EpochBatches(Sampler[Tensor]):
    """Row numbers of each batch of an epoch: shuffled, or drawn by weight with replacement, or in order.

    The order of epoch e depends on (seed, e) alone. A last batch of one row joins the batch before it, because batch
    normalisation cannot train on a single row. With lengths the batches hold rows of like length: shuffled rows are sorted in
    pools of some batches, and the batches shuffled; rows in order are sorted from the shortest to the longest.

    Shape: yields int64 (rows of the batch,).
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
    ):
        self.num_rows, self.batch_size, self.seed, self.shuffle, self.weights = num_rows, batch_size, seed, shuffle, weights
        self.lengths = lengths
        self.epoch, self.start = 0, 0  # the epoch to draw, and the first of its batches that is wanted

    def order(self) -> Tensor:
        """The row numbers of the epoch, batch after batch. Shape: int64 (n,)."""
        if not self.shuffle:
            return torch.arange(self.num_rows) if self.lengths is None else self.lengths.argsort(stable=True)
        generator = torch.Generator().manual_seed(mix(self.seed, self.epoch, 0))
        drawn = self._drawn(generator)
        return drawn if self.lengths is None else self._alike(drawn, self.lengths, generator)

    def _drawn(self, generator: torch.Generator) -> Tensor:
        if self.weights is None:
            return torch.randperm(self.num_rows, generator=generator)
        edges = self.weights.double().cumsum(0)  # as WeightedRandomSampler draws, without its limit of 2^24 rows
        draws = torch.rand(self.num_rows, generator=generator, dtype=torch.float64) * edges[-1]
        return torch.searchsorted(edges, draws, right=True).clamp_max(self.num_rows - 1)

    def _alike(self, drawn: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
        """The drawn rows such that each batch holds rows of like length; the last batch, which is smaller, stays the last."""
        cuts = [*(self.batch_size * step for step in range(len(self))), self.num_rows]
        made: list[Tensor] = []
        for first in range(0, len(self), POOL):
            edges = cuts[first : first + POOL + 1]
            pool = drawn[edges[0] : edges[-1]]
            pool = pool[lengths[pool].argsort(stable=True)]
            sizes = [after - before for before, after in pairwise(edges)]
            place = int(torch.randint(len(sizes), (1,), generator=generator))  # a small last batch has rows of any length
            sizes[place], sizes[-1] = sizes[-1], sizes[place]
            batches = list(pool.split(sizes))
            batches[place], batches[-1] = batches[-1], batches[place]
            made += batches
        turns = torch.randperm(len(made) - 1, generator=generator).tolist()
        return torch.cat([made[turn] for turn in turns] + made[-1:])

    def __len__(self) -> int:
        full, rest = divmod(self.num_rows, self.batch_size)
        return max(1, full + (rest > 1 or (rest == 1 and full == 0)))

    def share(self, step: int, accumulate: int) -> float:
        """The share of a batch in the rows of its group of `accumulate` batches; so weighed, gradients add up to the mean."""
        if accumulate == 1:
            return 1.0
        first = step - step % accumulate
        edges = [min(number, len(self)) * self.batch_size for number in (step, step + 1, first, first + accumulate)]
        here, after, start, end = (self.num_rows if edge == len(self) * self.batch_size else edge for edge in edges)
        return (after - here) / (end - start)

    def __iter__(self) -> Iterator[Tensor]:
        cuts = [self.batch_size * step for step in range(1, len(self))]
        return iter(self.order().tensor_split(cuts)[self.start :])


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
