"""How the rows were split, in words, for the report: with dates where time orders them, else with the seed. Used by page.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..plain.forecasts import times_of_steps
from ..plain.readers.times import as_cells
from ..plain.split_steps import ranks
from ..plain.table import Windows

PARTS = ("train", "validation", "test")


def split_words(outcome: Any) -> str:
    """What the report says of the split."""
    split = outcome.config.split
    by = f" by {split.by}" if split.by else ""
    if split.kind in ("steps", "time"):
        spans = {part: span_of(outcome, part) for part in PARTS if len(outcome.split[part])}
        said = "; ".join(f"{part} {' to '.join(ends)}" for part, ends in spans.items() if ends)
        words = f"{split.kind}{by}{': ' if said else ''}{said}"
    else:
        words = f"{split.kind}{by}, seed {split.seed}"
    given = [part for part in ("validation", "test") if outcome.table.parts.get(part)]
    if given:
        words = "each part has files of its own" if len(given) == 2 else f"{words}; the {given[0]} rows have files of their own"
    return words


def span_of(outcome: Any, part: str) -> list[str]:
    """The first and the last time of a part, or the numbers of its steps: of a forecast those of its horizons."""
    config, table, rows = outcome.config, outcome.table, outcome.split[part]
    windows = table[config.targets[0].name]
    if isinstance(windows, Windows):
        clock = next((column for column in config.columns if column.role == "time"), None)
        first, last = windows.origins[rows], windows.origins[rows] + windows.horizon - 1
        places = ranks(table[clock.name] if clock else None, windows)
        if clock is None:
            return [f"step {places[first].min() + 1:,}", f"{places[last].max() + 1:,}"]
        ends = np.array([first[places[first].argmin()], last[places[last].argmax()]])
        return [str(end) for end in times_of_steps(config, table, ends)]
    if config.split.by not in table.columns:
        return []
    column = next(column for column in config.columns if column.name == config.split.by)
    times = np.asarray(table[column.name])[rows]
    times = times[np.isfinite(times)]
    ends = np.array([times.min(), times.max()]) if len(times) else times
    return as_cells(ends, [column]) if column.type == "datetime" else [f"{end:.15g}" for end in ends.tolist()]
