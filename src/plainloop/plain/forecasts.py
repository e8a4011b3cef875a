"""Forecasts as a table: one line for each step of each window, with time, series, interval and, where known, truth.

Stands behind the evaluation: run.py writes predictions.csv by it, `predict` the steps after the last row.
Copied into ejected projects.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .config import Config
from .readers.times import as_cells
from .table import Table, Windows, Words

Columns = dict[str, list[Any]]
EPSILON = 2.0**-23  # of float32: the step from 1 to the next number


def apart(windows: Windows) -> np.ndarray:
    """The rows of windows whose horizons follow one another without overlapping, for each series. Shape: int64 (m,)."""
    codes = windows.series.codes[windows.origins]
    chosen: list[int] = []
    free: dict[int, int] = {}  # series -> the first step that no horizon has yet
    for row, (code, origin) in enumerate(zip(codes.tolist(), windows.origins.tolist(), strict=True)):
        if origin >= free.get(code, 0):
            chosen.append(row)
            free[code] = origin + windows.horizon
    return np.array(chosen, np.int64)


def forecast_columns(config: Config, table: Table, task: Any, scores: Tensor, target: Tensor) -> Columns:
    """The lines of the windows of a table: `time`, the group columns, `step`, then for each target truth, prediction, low, high.

    target: as `task.target` gives it, for the scales in it; the truth is left out where none of it is known.
    """
    windows = table[config.targets[0].name]
    assert isinstance(windows, Windows)
    horizon = windows.horizon
    steps = (windows.origins[:, None] + np.arange(horizon)).reshape(-1)
    made: Columns = {"time": times_of_steps(config, table, steps)}
    for column in config.columns:
        if column.role == "group":
            cells = table[column.name]
            assert isinstance(cells, Windows)
            assert isinstance(cells.steps, Words)
            # a step behind the end of a series has the words of its first step
            made[column.name] = cells.steps[np.repeat(windows.origins - windows.lookback, horizon)].tolist()
    made["step"] = np.tile(np.arange(1, horizon + 1), len(windows)).tolist()
    spread = task.facts(target)[1].numpy()
    guess = rounded(task.in_unit(task.probabilities(scores), target).numpy(), spread)  # (B, H, V)
    intervals = task.interval(scores) if task.low is not None else []
    ends = [rounded(task.in_unit(end, target).numpy(), spread) for end in intervals]
    truths = [values_of(table[column.name])[steps] for column in config.targets]
    for number, column in enumerate(config.targets):
        suffix = f"_{column.name}" if len(config.targets) > 1 else ""
        truth = truths[number]
        if any(np.isfinite(one).any() for one in truths):
            made[f"truth{suffix}"] = [value if value == value else None for value in truth.tolist()]
        made[f"prediction{suffix}"] = guess[..., number].reshape(-1).tolist()
        for name, end in zip(("low", "high"), ends, strict=False):
            made[f"{name}{suffix}"] = end[..., number].reshape(-1).tolist()
    return made


def rounded(values: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Values without the digits that float32 scores do not have; spread: what a score of one is in the unit of the values.

    >>> rounded(np.array([1234.5678901234]), np.array([20.0])).tolist()
    [1234.56789]
    """
    # above 0 in any case: a series that never changes has a spread of 0
    places = np.floor(-np.log10(np.maximum(np.abs(spread), 1e-300) * EPSILON))
    power = 10.0 ** np.clip(places, -300, 15)
    return np.where(np.abs(values * power) < 2**53, np.rint(values * power) / power, values)


def values_of(windows: Any) -> np.ndarray:
    """The values of all steps. Shape: float64 (T,)."""
    assert isinstance(windows, Windows)
    return np.asarray(windows.steps)


def times_of_steps(config: Config, table: Table, steps: np.ndarray) -> list[Any]:
    """The times of steps as the data writes them; without a time column their numbers."""
    clock = [column for column in config.columns if column.role == "time"]
    if not clock:
        return steps.tolist()
    cells = table[clock[0].name]
    assert isinstance(cells, Windows)
    return as_cells(np.asarray(cells.steps)[steps], clock)
