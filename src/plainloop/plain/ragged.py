"""Ragged: rows of tokens of different lengths, in one flat array. A batch of them is a padded tensor.

The flat array can be memory-mapped; rows can share tokens, so that the rows of a part are a choice of starts and lengths, not a
copy. Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PADDING = 0  # the token that fills a row up to the longest of its batch


class Ragged:
    """Row i holds `tokens[starts[i] : starts[i] + lengths[i]]`.

    Shape: tokens int32 (all tokens,); starts, lengths int64 (n,).

    >>> rows = Ragged(torch.tensor([5, 6, 7, 8], dtype=torch.int32), torch.tensor([0, 3]), torch.tensor([3, 1]))
    >>> rows.index_select(0, torch.tensor([1, 0]))
    tensor([[8, 0, 0],
            [5, 6, 7]])
    """

    def __init__(self, tokens: Tensor, starts: Tensor, lengths: Tensor):
        self.tokens, self.starts, self.lengths = tokens, starts, lengths

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """The rows given as lists of tokens."""
        lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
        tokens = torch.tensor([token for row in rows for token in row], dtype=torch.int32)
        return cls(tokens, lengths.cumsum(0) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def nbytes(self) -> int:
        return self.tokens.nbytes + self.starts.nbytes + self.lengths.nbytes

    @property
    def device(self) -> torch.device:
        return self.tokens.device

    def to(self, device: torch.device) -> Ragged:
        return Ragged(self.tokens.to(device), self.starts.to(device), self.lengths.to(device))

    def rows(self, rows: Tensor) -> Ragged:
        """The given rows as they are: the tokens are shared. Shape: rows int64 (k,)."""
        return Ragged(self.tokens, self.starts[rows], self.lengths[rows])

    def cut(self, longest: int) -> Ragged:
        """Every row up to this many tokens."""
        return Ragged(self.tokens, self.starts, self.lengths.clamp_max(longest))

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """The rows as one tensor, padded behind to the longest of them. Shape: rows int64 (B,) -> int64 (B, T)."""
        assert dim == 0
        starts, lengths = self.starts[rows], self.lengths[rows]
        places = torch.arange(max(1, int(lengths.max())) if len(rows) else 1, device=starts.device)  # (T,)
        inside = places < lengths[:, None]  # (B, T)
        found = self.tokens[torch.where(inside, starts[:, None] + places, 0)] if len(self.tokens) else places.new_zeros(1)
        return torch.where(inside, found, PADDING).long()

    @staticmethod
    def join(parts: Sequence[Ragged], between: int | None) -> Ragged:
        """The rows of the parts one behind the other, with a token between them or, for None, nothing."""
        gap = 0 if between is None else 1
        lengths = torch.stack([part.lengths for part in parts]).sum(0) + gap * (len(parts) - 1)
        starts = lengths.cumsum(0) - lengths
        tokens, at = torch.full((int(lengths.sum()),), between or PADDING, dtype=torch.int32), starts.clone()
        for part in parts:
            ends = part.lengths.cumsum(0)
            within = torch.arange(int(ends[-1]) if len(ends) else 0) - (ends - part.lengths).repeat_interleave(part.lengths)
            tokens[at.repeat_interleave(part.lengths) + within] = part.tokens[
                part.starts.repeat_interleave(part.lengths) + within
            ]
            at += part.lengths + gap
        return Ragged(tokens, starts, lengths)
