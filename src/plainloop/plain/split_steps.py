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
    edges = borders(int(clock.max()) + 1 if len(clock) else 0, split, shares)
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


def borders(steps: int, split: Split, shares: dict[str, float]) -> tuple[int, int, int, int]:
    """The steps at which the parts begin, and the end of the last.

    >>> borders(100, Split(), {"validation": 0.1, "test": 0.2}), borders(100, Split(rows=(50, 20, 20)), {})
    ((0, 70, 80, 100), (0, 50, 70, 90))
    """
    if split.rows:
        train, validation, test = split.rows
        return 0, train, train + validation, min(steps, train + validation + test)
    test = int(steps * shares["test"] + 1e-9)
    train = int(steps * (1 - shares["test"] - shares["validation"]) + 1e-9)
    return 0, train, steps - test, steps
