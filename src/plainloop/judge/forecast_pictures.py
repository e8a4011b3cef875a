"""Pictures and tables of a forecast: the last stretch, the worst windows, the error by step ahead, by the clock, by series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from ..plain.forecasts import times_of_steps
from ..plain.table import Windows
from ..plain.tasks.forecast import rates_of, window_sums
from . import plots_forecast
from .pictures import Picture, _history
from .plots import shorten
from .plots_forecast import Stretch

MOST_SHOWN = 3  # targets whose last stretch is drawn
MOST_SERIES = 100  # lines of the table of series
MOST_WORST = 10
DAY = 86_400.0
LONGEST_STEP = {"hour": DAY / 2, "weekday": DAY, "month": 31 * DAY}  # with longer ones these say nothing
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def draw(outcome: Any, part: str, judged: Mapping[str, Any], opponents: Mapping[str, Tensor]) -> list[Picture]:
    """Every picture of a forecast, in the order of the report."""
    task, names = outcome.preparation.task, [column.name for column in outcome.config.targets]
    rows = outcome.split[part]
    found = _history(outcome.history, task.headline, outcome.best_epoch)
    for place, name in enumerate(names[:MOST_SHOWN]):
        row = last_window(outcome, part)
        png = plots_forecast.stretch(
            stretch_of(outcome, part, row, place), f"Last {part} window: {shorten(name, 30)}", shorten(name, 24)
        )
        words = f"History, truth and forecast of {name} with its 80% interval, in the last {part} window."
        found.append(Picture(f"forecast_{place + 1}", "forecast", words, png))
    for place, one in enumerate(judged["worst_windows"][:2]):
        row = int(np.flatnonzero(rows == one["row"])[0])
        title = f"Worst window {place + 1}: {shorten(one['target'], 30)} from {one['from']}"
        png = plots_forecast.stretch(
            stretch_of(outcome, part, row, names.index(one["target"])), title, shorten(one["target"], 24)
        )
        words = f"The {part} window with the {'' if not place else 'next to '}largest error, from {one['from']}."
        found.append(Picture(f"worst_{place + 1}", "worst", words, png))
    unit = f" of {shorten(names[0], 24)}" if len(names) == 1 else ", standardised"
    net = step_errors(outcome, part, outcome.scores[part])
    others = {judged["titles"][name]: step_errors(outcome, part, scores) for name, scores in opponents.items()}
    if len(net) > 1:
        words = "Mean absolute error of each step ahead, of the net and of its opponents."
        found.append(Picture("by_step", "steps", words, plots_forecast.by_step(net, others, unit)))
    return found + clock_pictures(outcome, part, unit)


def sections(outcome: Any, part: str) -> dict[str, Any]:
    """The tables of a forecast: the error by step ahead, the worst windows, and where there are several, each series."""
    task = outcome.preparation.task
    sums = window_sums(task, outcome.scores[part], outcome.targets[part])
    made: dict[str, Any] = {
        "by_step": step_errors(outcome, part, outcome.scores[part]).tolist(),
        "worst_windows": worst_windows(outcome, part, sums),
    }
    windows = windows_of(outcome, part)
    if len(windows.series.words) > 1:
        codes = windows.series.codes[windows.origins]
        lines: list[dict[str, Any]] = []
        for code in np.unique(codes).tolist():
            rates = rates_of({name: one[codes == code].sum(0) for name, one in sums.items()})
            line: dict[str, Any] = {"series": windows.series.words[code], "windows": int((codes == code).sum())}
            lines.append(line | {name: float(rates[name]) for name in ("mae", "rmse", "mase", "coverage_80") if name in rates})
        made["series"] = sorted(lines, key=lambda line: -line["mase"] if np.isfinite(line["mase"]) else 0.0)[:MOST_SERIES]
        made["left_out_series"] = max(0, len(lines) - MOST_SERIES)
    return made


def windows_of(outcome: Any, part: str, place: int = 0) -> Windows:
    windows = outcome.table[outcome.config.targets[place].name][outcome.split[part]]
    assert isinstance(windows, Windows)
    return windows


def last_window(outcome: Any, part: str) -> int:
    """The last row of the part whose whole horizon is known, else the last one."""
    target = outcome.targets[part][:, : outcome.preparation.task.horizon]
    whole = np.flatnonzero(~target.isnan().any(2).any(1).numpy())
    return int(whole[-1]) if len(whole) else len(target) - 1


def stretch_of(outcome: Any, part: str, row: int, place: int) -> Stretch:
    """One row of the part in the unit of one target."""
    task, windows = outcome.preparation.task, windows_of(outcome, part, place)
    scores, target = outcome.scores[part][row : row + 1], outcome.targets[part][row : row + 1]
    origin, steps = int(windows.origins[row]), np.asarray(windows.steps)
    guess = task.in_unit(task.probabilities(scores), target)[0, :, place].numpy()
    ends = (
        [task.in_unit(end, target)[0, :, place].numpy() for end in task.interval(scores)]
        if task.low is not None
        else [None, None]
    )
    clock = next((column for column in outcome.config.columns if column.role == "time"), None)
    times = None
    if clock is not None and clock.format != "number":
        times = np.asarray(outcome.table[clock.name].steps)[origin - windows.lookback : origin + windows.horizon]
    return Stretch(
        steps[origin - windows.lookback : origin], steps[origin : origin + windows.horizon], guess, ends[0], ends[1], times
    )


def residuals(outcome: Any, part: str, scores: Tensor) -> np.ndarray:
    """Forecast minus truth: in the unit where there is one target, else standardised. Shape: float64 (n, H, V), NaN: unknown."""
    task, target = outcome.preparation.task, outcome.targets[part]
    error = (task.probabilities(scores) - target[:, : task.horizon]).double()
    if len(outcome.config.targets) == 1:
        error = error * task.facts(target)[1]
    return error.numpy()


def step_errors(outcome: Any, part: str, scores: Tensor) -> np.ndarray:
    """The mean absolute error of each step ahead. Shape: (H,)."""
    away = np.abs(residuals(outcome, part, scores))
    known = np.isfinite(away)
    return np.where(known, away, 0.0).sum((0, 2)) / np.maximum(known.sum((0, 2)), 1)


def worst_windows(outcome: Any, part: str, sums: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """The windows of largest scaled error that do not overlap one another, worst first."""
    windows, rows = windows_of(outcome, part), outcome.split[part]
    away = sums["away"] / np.maximum(sums["count"], 1)  # (n, V)
    found: list[dict[str, Any]] = []
    taken: list[tuple[int, int]] = []
    for flat in np.argsort(-away, axis=None, kind="stable").tolist():
        row, place = divmod(flat, away.shape[1])
        origin = int(windows.origins[row])
        if any(abs(origin - other) < windows.horizon and place == one for other, one in taken):
            continue
        taken.append((origin, place))
        name = windows.series.words[windows.series.codes[origin]]
        start, end = times_of_steps(outcome.config, outcome.table, np.array([origin, origin + windows.horizon - 1]))
        count = max(float(sums["count"][row, place]), 1.0)
        line = {"row": int(rows[row]), "target": outcome.config.targets[place].name, "series": name}
        line |= {"from": str(start), "to": str(end), "mae": float(sums["away_unit"][row, place]) / count}
        found.append(line)
        if len(found) == MOST_WORST:
            break
    return found


def clock_pictures(outcome: Any, part: str, unit: str) -> list[Picture]:
    """Residuals by hour, weekday and month, as far as the steps of the part have several of them."""
    clock = next((column for column in outcome.config.columns if column.role == "time"), None)
    if clock is None or clock.format == "number":
        return []
    windows = windows_of(outcome, part)
    times = np.asarray(outcome.table[clock.name].steps)[windows.origins[:, None] + np.arange(windows.horizon)]  # (n, H)
    error = residuals(outcome, part, outcome.scores[part])
    moments = times.astype("M8[s]")
    groups: dict[str, tuple[np.ndarray, list[str]]] = {
        "hour": ((times % DAY // 3600).astype(int), [str(hour) for hour in range(24)]),
        "weekday": (((times // DAY + 3) % 7).astype(int), list(WEEKDAYS)),
        "month": (moments.astype("M8[M]").astype(int) % 12, list(MONTHS)),
    }
    found = []
    step = float(np.median(np.diff(times[0]))) if times.shape[1] > 1 else 0.0
    for name, (codes, names) in groups.items():
        there = np.unique(codes)
        if len(there) < 3 or step > LONGEST_STEP[name]:
            continue
        values = [error[codes == code] for code in there.tolist()]
        values = [one[np.isfinite(one)] for one in values]
        png = plots_forecast.by_clock(f"Residuals by {name}", [names[code] for code in there.tolist()], values, unit)
        words = f"Forecast minus truth by {name}: the median, and the middle 80%."
        found.append(Picture(f"by_{name}", "residuals", words, png))
    return found
