"""Stretches of time series as batches: one array, cut as strided views; and the scales that series are brought to.

Stands between columns/window.py, tasks/forecast.py and the batches: `Slices` is to windows what a tensor is to other rows.
Copied into ejected projects. Axes: B examples, V variables, T time steps, S series.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .table import Windows, Words, is_missing

LARGE = 2 * 2**30  # bytes of scaled steps that are mapped from the disk rather than held in memory


@dataclass(frozen=True)
class Slices:
    """Rows that are stretches of one array; a batch is copied out of it when it is asked for, and nothing before.

    Shape: data float32 (V, T); starts int64 (n,), the first step of each row; a batch is float32 (B, V, length), or with
    `steps_first` (B, length, V). scale: float32 (S, facts, V) of each series, `series` int64 (n,) the series of each row; these
    facts are added to a batch with steps_first as further steps.
    """

    data: Tensor
    starts: Tensor
    length: int
    steps_first: bool = False
    scale: Tensor | None = None
    series: Tensor | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def shape(self) -> tuple[int, ...]:
        variables, more = len(self.data), 0 if self.scale is None else self.scale.shape[1]
        return (len(self), self.length + more, variables) if self.steps_first else (len(self), variables, self.length)

    def dim(self) -> int:
        return 3

    @property
    def nbytes(self) -> int:
        return self.data.nbytes + self.starts.nbytes

    @property
    def device(self) -> torch.device:
        return self.data.device

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """The rows with these numbers. Shape: rows int64 (B,) -> float32 (B, V, length) or (B, length, V)."""
        assert dim == 0
        variables, steps = self.data.shape
        count = max(0, steps - self.length + 1)
        if not self.steps_first:
            view = self.data.as_strided((count, variables, self.length), (1, steps, 1))
            return view.index_select(0, self.starts.index_select(0, rows))
        view = self.data.as_strided((count, self.length, variables), (1, 1, steps))
        batch = view.index_select(0, self.starts.index_select(0, rows))
        if self.scale is None or self.series is None:
            return batch
        return torch.cat([batch, self.scale.index_select(0, self.series.index_select(0, rows))], 1)

    def __getitem__(self, rows: Any) -> Tensor:
        """A row, a slice of rows, or the rows of a tensor of numbers."""
        chosen = torch.arange(len(self), device=self.device)[rows]
        batch = self.index_select(0, chosen.reshape(-1))
        return batch[0] if chosen.dim() == 0 else batch

    def to(self, device: torch.device) -> Slices:
        scale = None if self.scale is None else self.scale.to(device)
        series = None if self.series is None else self.series.to(device)
        return replace(self, data=self.data.to(device), starts=self.starts.to(device), scale=scale, series=series)

    def cpu(self) -> Tensor:
        """All rows, copied."""
        return self[:].cpu()

    @staticmethod
    def join(parts: Sequence[Slices]) -> Slices:
        """The variables of several columns side by side."""
        data = torch.cat([part.data for part in parts])
        return replace(parts[0], data=data)


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of a column, of each series for itself where there are several.

    names: the series that had steps to fit on, [""] where there is one series without a name. Another one is scaled by its first
    steps, as many as the first look-back has, so that no window is scaled by what it is to predict.
    """

    names: list[str]
    mean: list[float]
    std: list[float]

    @classmethod
    def fit(cls, values: Windows) -> Scale:
        """From the steps that the rows see, look-back and horizon."""
        mean, std = moments(values, values.used())
        names = values.series.words
        kept = [code for code in range(len(names)) if np.isfinite(mean[code]) or names == [""]]
        mean, std = np.nan_to_num(mean), np.nan_to_num(std, nan=1.0)
        return cls([names[code] for code in kept], mean[kept].tolist(), std[kept].tolist())

    def of(self, values: Windows) -> Scale:
        """The scale of the series of these values, in their order."""
        names = values.series.words
        if names == self.names:
            return self
        place = {name: code for code, name in enumerate(self.names)}
        mean, std = moments(values, first_steps(values))
        usual = float(np.mean(self.mean or [0.0])), float(np.mean(self.std or [1.0]))
        chosen = []
        for code, name in enumerate(names):
            own = (float(mean[code]), float(std[code])) if np.isfinite(mean[code]) else usual
            chosen.append((self.mean[place[name]], self.std[place[name]]) if name in place else own)
        return Scale(list(names), [mean for mean, _ in chosen], [std for _, std in chosen])

    def apply(self, values: Windows) -> np.ndarray:
        """The steps, standardised. Shape: float64 (T,)."""
        scale, codes = self.of(values), values.series.codes
        return (np.asarray(values.steps) - np.array(scale.mean)[codes]) / np.array(scale.std)[codes]


def moments(values: Windows, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each series over its used and known steps, NaN where it has none; a deviation of 0 is 1.

    Shape: used bool (T,) -> each float64 (S,).
    """
    known = used & np.isfinite(np.asarray(values.steps))
    steps, codes, series = np.asarray(values.steps)[known], values.series.codes[known], len(values.series.words)
    if series == 1:
        mean, std = (np.array([steps.mean()]), np.array([steps.std()])) if len(steps) else (np.array([np.nan]),) * 2
    else:
        count = np.bincount(codes, minlength=series)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(codes, steps, minlength=series) / count
            std = np.sqrt(np.bincount(codes, (steps - mean[codes]) ** 2, minlength=series) / count)
    return mean, np.where(std == 0, 1.0, std)


def first_steps(values: Windows) -> np.ndarray:
    """bool (T,): which steps are among the first of their series, as many as a look-back has."""
    codes = values.series.codes
    first = np.concatenate([[True], np.diff(codes) != 0])[: len(codes)]
    numbers = np.arange(len(codes))
    return numbers - np.maximum.accumulate(np.where(first, numbers, 0)) < values.lookback


def filled(steps: np.ndarray, series: Words) -> np.ndarray:
    """The steps with each missing one set to the last known one of its series, never to a later one; 0 where there is none.

    >>> filled(np.array([np.nan, 1.0, np.nan, np.nan]), Words(np.array([0, 0, 0, 1]), ["a", "b"])).tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    if np.isfinite(steps).all():
        return steps
    numbers = np.arange(len(steps))
    first = np.concatenate([[True], np.diff(series.codes) != 0])
    last = np.maximum.accumulate(np.where(np.isfinite(steps) | first, numbers, 0))
    return np.nan_to_num(steps[last], nan=0.0, posinf=0.0, neginf=0.0)


def slices(values: Windows, channels: list[np.ndarray], start: int, length: int, steps_first: bool = False) -> Slices:
    """The rows of windows over scaled channels: `length` steps from `start` steps after the origin on.

    Only steps that some row sees are kept. Shape: channels each (T,) -> data float32 (len(channels), steps that are seen).
    """
    used = values.used()
    compact = values.compact()
    data = _room((len(channels), int(used.sum())))
    for channel, steps in enumerate(channels):
        data[channel] = torch.from_numpy(steps[used].astype(np.float32))
    return Slices(data, torch.from_numpy(compact.origins + start), length, steps_first)


def known_steps(values: Windows) -> np.ndarray:
    """bool (T,): which steps have a value."""
    return ~is_missing(values.steps)


def _room(shape: tuple[int, int]) -> Tensor:
    """Memory for the steps, or a file without a name that goes when the tensor goes."""
    if 4 * shape[0] * shape[1] < LARGE:
        return torch.empty(shape)
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(4 * shape[0] * shape[1])
        return torch.from_numpy(np.memmap(file.name, np.float32, mode="r+", shape=shape))
