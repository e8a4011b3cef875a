"""Columns of whole series: each row holds all values of one variable, from its first step to its last.

Fitted on train rows; encodes to one tensor for all rows, the shorter ones with zeros at their end, as models of series take it.
`kind` names the tensor of the model's inputs: "series" float32 (n, V, L) and, where lengths differ, "lengths" int64 (n,).
Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..slices import filled
from ..table import Cells, Sequences, Words


@dataclass
class Series:
    """A whole series: standardised by mean and deviation of all known steps of the train rows, cut at the longest of them.

    >>> rows = Sequences(np.array([1.0, 3.0, 1.0]), np.array([0, 2]), np.array([2, 3]))
    >>> Series.fit(rows).encode(rows)[:, 0]
    tensor([[-0.7071,  1.4142],
            [-0.7071,  0.0000]])
    """

    kind: ClassVar[str] = "series"
    mean: float
    std: float
    length: int

    @classmethod
    def fit(cls, values: Cells) -> Series:
        assert isinstance(values, Sequences)
        steps = values.values[_steps(values)]
        known = steps[np.isfinite(steps)]
        mean, std = (float(known.mean()), float(known.std())) if len(known) else (0.0, 1.0)
        return cls(mean, std or 1.0, int(values.lengths.max()))

    def encode(self, values: Cells) -> Tensor:
        """Shape: float32 (n, 1, L)."""
        assert isinstance(values, Sequences)
        lengths = np.minimum(values.lengths, self.length)
        made = np.zeros((len(values), self.length), np.float32)
        rows = np.repeat(np.arange(len(values)), lengths)
        steps = _steps(Sequences(values.values, values.starts, values.starts + lengths))
        series = Words(rows.astype(np.int32), [])
        made[rows, steps - values.starts[rows]] = filled((values.values[steps] - self.mean) / self.std, series)
        return torch.from_numpy(made[:, None])

    @staticmethod
    def join(parts: Sequence[Tensor]) -> Tensor:
        """The variables side by side, the shorter ones with zeros at their end. Shape: (n, V, L)."""
        longest = max(part.shape[2] for part in parts)
        return torch.cat([torch.nn.functional.pad(part, (0, longest - part.shape[2])) for part in parts], 1)

    @property
    def shape(self) -> dict[str, int]:
        """What a model must know of the column."""
        return {"variables": 1, "targets": 0, "lookback": self.length, "horizon": 0}

    @staticmethod
    def merge(shapes: Sequence[dict[str, int]]) -> dict[str, int]:
        longest = max(shape["lookback"] for shape in shapes)
        return {**shapes[0], "variables": sum(shape["variables"] for shape in shapes), "lookback": longest}

    def state(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Length:
    """How many steps a row has, at most as many as the longest train row."""

    kind: ClassVar[str] = "lengths"
    shape: ClassVar[int] = 1
    longest: int

    @classmethod
    def fit(cls, values: Cells) -> Length:
        assert isinstance(values, Sequences)
        return cls(int(values.lengths.max()))

    def encode(self, values: Cells) -> Tensor:
        """Shape: int64 (n,)."""
        assert isinstance(values, Sequences)
        return torch.from_numpy(np.minimum(values.lengths, self.longest).astype(np.int64))

    @staticmethod
    def merge(shapes: Sequence[int]) -> int:
        return 1

    @staticmethod
    def join(parts: Sequence[Tensor]) -> Tensor:
        return parts[0]

    def state(self) -> dict[str, Any]:
        return asdict(self)


def _steps(values: Sequences) -> np.ndarray:
    """The places of all values of all rows, row after row. Shape: int64 (sum of lengths,)."""
    lengths = values.lengths
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths - values.starts, lengths)
