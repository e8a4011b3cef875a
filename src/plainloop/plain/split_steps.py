"""The split of a forecast: by time steps, such that no target of one part is a target of another. Copied into ejected projects.

A window belongs to a part when its whole horizon lies in it; its look-back may reach into the part before, as it will when the
model is used. Windows whose horizon lies across a border belong to no part: that is the gap that keeps the parts apart.
"""

from __future__ import annotations

import numpy as np

from .config import Split
from .table import Cells, Table, Windows


def by_steps(
    table: Table, split: Split, targets: list[Cells], pool: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """Rows of each part; one clock for all series, so that none trains on what is later than the test of another."""
    windows = targets[0]
    assert isinstance(windows, Windows)
    clock = ranks(table[split.by] if split.by else None, windows)
    edges = borders(int(clock.max()) + 1 if len(clock) else 0, split, shares, windows.horizon)
    first = clock[windows.origins[pool]]
    last = clock[windows.origins[pool] + windows.horizon - 1]
    parts = {}
    for name, start, end in zip(("train", "validation", "test"), edges, edges[1:], strict=False):
        parts[name] = pool[(first >= start) & (last < end)]
    return parts


def ranks(times: Cells | None, windows: Windows) -> np.ndarray:
    """The place of each step among all times that occur, or without times within its series. Shape: int64 (T,)."""
    if times is None:
        first = np.concatenate([[True], np.diff(windows.series.codes) != 0])
        numbers = np.arange(len(windows.series))
        return numbers - np.maximum.accumulate(np.where(first, numbers, 0))
    assert isinstance(times, Windows)
    return np.unique(np.asarray(times.steps), return_inverse=True)[1].astype(np.int64)


def borders(steps: int, split: Split, shares: dict[str, float], horizon: int) -> tuple[int, int, int, int]:
    """The steps at which the parts begin, and the end of the last.

    >>> borders(100, Split(), {"validation": 0.1, "test": 0.2}, 5), borders(100, Split(rows=(50, 20, 20)), {}, 5)
    ((0, 70, 80, 100), (0, 50, 70, 90))
    """
    if split.rows or split.folds:
        train, validation, test = split.rows or rolling(steps, horizon, shares, split.folds, split.fold)
        return 0, train, train + validation, min(steps, train + validation + test)
    test = int(steps * shares["test"] + 1e-9)
    train = int(steps * (1 - shares["test"] - shares["validation"]) + 1e-9)
    return 0, train, steps - test, steps


def rolling(steps: int, horizon: int, shares: dict[str, float], folds: int, fold: int) -> tuple[int, int, int]:
    """How many steps train, validate and test fold number `fold`, from 0, of a backtest with a rolling origin.

    The test stretches follow one another without overlap, the last one up to the end; each fold learns from all that is earlier,
    so that the first folds have fewer steps to learn from. L. J. Tashman, International Journal of Forecasting 16 (2000).

    >>> [rolling(100, 5, {"validation": 0.1, "test": 0.1}, 3, fold) for fold in range(3)]
    [(60, 10, 10), (70, 10, 10), (80, 10, 10)]
    """
    test = max(horizon, min(int(steps * shares["test"] + 1e-9), steps // (2 * folds)))
    validation = max(horizon, min(int(steps * shares["validation"] + 1e-9), test))
    train = steps - (folds - fold) * test - validation
    return train, validation, test
