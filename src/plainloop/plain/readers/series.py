# needs: polars
"""Reads time series for a forecast: the rows of a table in the order of time, one for each step of its clock.

The table is read by tables.py. Repairs are those that the config names, found and told before; nothing is guessed here: rows
without a time are left out, rows of one step are put together, steps without a row are there without values.
Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ..config import Column, Source
from ..frequency import ROWS, Frequency
from ..table import Cells, Table, Windows, Words, is_missing
from . import tables
from .times import times_of

digest = tables.digest
BETWEEN = " | "  # between the words of several group columns, in the name of a series
Values = np.ndarray | Words


@dataclass(frozen=True)
class Steps:
    """Series after series, each in the order of time, one value of each column per step.

    Shape: times float64 (T,), series Words (T,), rows int64 (T,) the first row of the file that a step is made of, -1: none.
    """

    times: np.ndarray
    series: Words
    cells: dict[str, Values]
    rows: np.ndarray


def read(source: Source, columns: Sequence[Column]) -> Table:
    """The table whose rows are windows: every place that has a whole look-back before it and a whole horizon behind it."""
    steps = read_steps(source, columns)
    targets = [column.name for column in columns if column.role == "target"]
    starts, ends = spans(steps, targets)
    reach = [np.arange(a + source.lookback, b - source.horizon + 1) for a, b in zip(starts, ends, strict=True)]
    origins = np.concatenate([np.zeros(0, np.int64), *reach])
    return windows(steps, columns, origins, source)


def read_ahead(source: Source, columns: Sequence[Column], origins: Sequence[float] = ()) -> Table:
    """The table of the windows that look ahead of the last known target of each series, or of given times.

    Series that are shorter than the look-back have no row.
    """
    targets = [column.name for column in columns if column.role == "target"]
    steps = longer(read_steps(source, columns), source, targets)
    starts, ends = spans(steps, targets)
    chosen = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        wanted = [end] if not len(origins) else (start + np.searchsorted(steps.times[start:end], origins, side="right")).tolist()
        chosen += sorted({place for place in wanted if place - source.lookback >= start})
    return windows(steps, columns, np.array(chosen, np.int64), source)


def windows(steps: Steps, columns: Sequence[Column], origins: np.ndarray, source: Source) -> Table:
    cells: dict[str, Cells] = {}
    for column in columns:
        clock = column.type == "calendar" or column.role == "time"
        values = steps.times if clock else steps.cells[column.name]
        cells[column.name] = Windows(values, steps.series, origins, source.lookback, source.horizon)
    return Table(cells, {"data": range(len(origins))})


def spans(steps: Steps, targets: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Where each series begins, and where its last known target is behind it. Shape: each int64 (S,)."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(steps.series.codes) != 0])[: len(steps.times)])
    ends = np.append(starts[1:], len(steps.times))
    known = np.zeros(len(steps.times), bool)
    for name in targets:
        known |= ~is_missing(steps.cells[name])
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1)) if len(known) else np.zeros(0, np.int64)
    return starts, np.maximum(last[ends - 1] + 1, starts) if len(ends) else ends


def read_steps(source: Source, columns: Sequence[Column]) -> Steps:
    """The steps of the source, sorted and on the grid of its frequency."""
    plain = replace(source, lookback=0, horizon=0, frequency="", resample="")
    loaded = tables.load(plain)
    clock = [column for column in columns if column.role == "time"]
    groups = [column for column in columns if column.role == "group"]
    asked = [
        replace(column, type=column.mode or "number", role="input")
        for column in columns
        if column.role in ("input", "target") and column.type != "calendar"
    ]
    typed = tables.read(plain, [*asked, *(replace(column, type="category", role="input") for column in groups)])
    times = times_of(loaded.frame, clock) if clock else np.arange(len(typed), dtype=np.float64)
    kept = np.flatnonzero(np.isfinite(times))
    series = named([typed[column.name] for column in groups], len(typed))
    order = kept[np.lexsort((times[kept], series.codes[kept]))]
    cells: dict[str, Any] = {name: cells[order] for name, cells in typed.columns.items()}
    steps = Steps(times[order], series[order], cells, order)
    if source.frequency in ("", ROWS) or not len(order):
        return steps
    return on_grid(steps, Frequency.parse(source.frequency), source.resample)


def named(groups: Sequence[Cells], rows: int) -> Words:
    """The series of each row, by the words of its group columns."""
    if not groups:
        return Words(np.zeros(rows, np.int32), [""])
    lists = [["" if word is None else word for word in cells.tolist()] for cells in groups if isinstance(cells, Words)]
    names = [BETWEEN.join(words) for words in zip(*lists, strict=True)]
    words = sorted(set(names))
    place = {word: code for code, word in enumerate(words)}
    return Words(np.array([place[name] for name in names], np.int32), words)


def grid(times: np.ndarray, series: Words, frequency: Frequency, resample: str) -> tuple[np.ndarray, np.ndarray]:
    """The step of each row, counted within its series, and the time that it is counted from. Shape: int64 (n,), float64 (n,)."""
    first = np.concatenate([[True], np.diff(series.codes) != 0])
    base = times[np.maximum.accumulate(np.where(first, np.arange(len(times)), 0))]
    if resample:
        base = frequency.floor(base)
        return frequency.steps(frequency.floor(times), base), base
    return frequency.steps(times, base), base


def on_grid(steps: Steps, frequency: Frequency, resample: str) -> Steps:
    """One row for each step from the first to the last of each series; values of one step are put together."""
    place, base = grid(steps.times, steps.series, frequency, resample)
    frame = pl.DataFrame({"series": steps.series.codes, "place": place, "row": steps.rows, "base": base})
    how = {"": pl.Expr.mean, "mean": pl.Expr.mean, "sum": pl.Expr.sum, "last": pl.Expr.last}[resample]
    asked = [pl.col("row").first(), pl.col("base").first()]
    for number, cells in enumerate(steps.cells.values()):
        values = cells.codes if isinstance(cells, Words) else cells
        frame = frame.with_columns(pl.Series(str(number), values, nan_to_null=True))
        known = (
            pl.col(str(number)).filter(pl.col(str(number)) >= 0) if isinstance(cells, Words) else pl.col(str(number)).drop_nulls()
        )
        asked.append(known.last() if isinstance(cells, Words) else pl.when(known.len() > 0).then(how(known)))
    made = frame.group_by("series", "place", maintain_order=True).agg(asked)
    whole = made.group_by("series", maintain_order=True).agg(pl.int_range(pl.col("place").last() + 1).alias("place"))
    bases = made.group_by("series", maintain_order=True).agg(pl.col("base").first().alias("from"))
    full = (
        whole.explode("place")
        .join(made, on=["series", "place"], how="left", maintain_order="left")
        .join(bases, on="series", how="left", maintain_order="left")
    )
    series = Words(full["series"].to_numpy().astype(np.int32), steps.series.words)
    cells_made: dict[str, Values] = {}
    for number, (name, cells) in enumerate(steps.cells.items()):
        column = full[str(number)]
        if isinstance(cells, Words):
            cells_made[name] = Words(column.fill_null(-1).to_numpy().astype(np.int32), cells.words)
        else:
            cells_made[name] = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    times = frequency.times(full["place"].to_numpy(), full["from"].to_numpy())
    return Steps(times, series, cells_made, full["row"].fill_null(-1).to_numpy())


def longer(steps: Steps, source: Source, targets: Sequence[str]) -> Steps:
    """The steps with room for a whole horizon behind the last known target of each series; the room has no values."""
    starts, ends = spans(steps, targets)
    after = np.append(starts[1:], len(steps.times))
    pieces: list[np.ndarray] = []
    times: list[np.ndarray] = []
    for start, end, last in zip(starts.tolist(), ends.tolist(), after.tolist(), strict=True):
        more = max(0, end + source.horizon - last)
        pieces.append(np.concatenate([np.arange(start, last), np.full(more, -1)]))
        times += [steps.times[start:last], later(steps.times[start:last], more, source.frequency)]
    order = np.concatenate([np.zeros(0, np.int64), *pieces]).astype(np.int64)
    codes = np.repeat(steps.series.codes[starts], [len(piece) for piece in pieces])
    cells: dict[str, Values] = {}
    for name, values in steps.cells.items():
        if isinstance(values, Words):
            cells[name] = Words(np.where(order < 0, -1, values.codes[order]).astype(np.int32), values.words)
        else:
            cells[name] = np.where(order < 0, np.nan, values[order])
    rows = np.where(order < 0, -1, steps.rows[order])
    return Steps(np.concatenate([np.zeros(0), *times]), Words(codes, steps.series.words), cells, rows)


def later(times: np.ndarray, count: int, frequency: str) -> np.ndarray:
    """The times of the next steps."""
    ahead = np.arange(1, count + 1)
    if frequency in ("", ROWS):
        step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        return times[-1] + ahead * (step or 1.0)
    return Frequency.parse(frequency).times(ahead, np.full(count, times[-1]))
