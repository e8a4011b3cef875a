"""The door for time series that are forecast: clock, repairs, windows and their split. Called by look.py.

What is found here is written into the config; plain/readers/series.py does it again in every run. The refusals are in
series_problems.py, the repairs in series_notices.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ..options import DataOptions, as_names, as_pairs
from ..plain.config import Column, Split
from ..plain.frequency import ROWS, Frequency
from ..plain.readers import series as reader
from ..plain.readers import tables
from ..plain.readers.table_faults import TargetNotNumber
from ..plain.split import split_rows
from ..plain.split_steps import borders
from ..plain.split_steps import ranks as places
from ..plain.table import Windows, is_missing
from ..problems import Notice
from .column_types import ColumnGuess
from .defaults import MODELS, series_model
from .given import Given
from .infer import InferOptions, Schema, TaskGuess, infer
from .probe import probe
from .seen import Look
from .series_clock import Case, settle_clock
from .series_defaults import reach, season_of, shares_for
from .series_notices import NotOverTime, SentinelsFound, ShortSeries, TargetGaps
from .series_problems import BadSplitRows, NotForForecasts, PartsOfSeries, SeriesInRows, SeriesTooShort
from .series_sentinels import sentinels
from .target_problems import UnknownColumn

ALL = "all"  # --target all: every number column
MOST_WORDS = 30  # words of a column that a forecast can use


def is_forecast(given: Given) -> bool:
    """Whether the options ask for a forecast."""
    return given.options.horizon is not None or given.options.task == "forecast"


DATED = re.compile(r"\d{4}-\d\d(-\d\d)?$|\d{1,2}/\d{1,2}/\d{2,4}$")  # names of columns that are times
MANY_STEPS = 12  # columns that may be the steps of a series


def look_at_series(given: Given) -> Look:
    """What a table is taken for whose coming steps are to be forecast.

    Raises: PlainloopError.
    """
    options = given.options
    found, notices = probe(given.data, given.read, target=given.target, **given.files)
    data = found.data[0]
    frame = tables.load(found).frame
    target = targets_of(frame, options, data)
    check_options(given, data, target)
    asked = InferOptions(
        types=as_pairs(options.types),
        ignore=tuple(as_names(options.ignore, frame.columns)),
        date_format=options.date_format or "",
    )
    clock_names = as_names(options.time, frame.columns)
    groups, future = as_names(options.group, frame.columns), as_names(options.future, frame.columns)
    named = [("--time", clock_names), ("--group", groups), ("--future", future), ("--target", target)]
    for option, names in named:
        for one in names:
            if one not in frame.columns:
                raise UnknownColumn(data, option, one, frame.columns)
    case = Case(found, tables.load(found), target, groups, options, notices)
    clock = settle_clock(case, clock_names)
    schema = columns_of(case, asked, clock, future)
    source = replace(found, reader="series", frequency=case.frequency, resample=options.resample or "")
    schema.notices += special_numbers(case, schema, options)
    made = Look(given.name, source, schema, target, notices=case.notices)
    cut(made, case, options, given.shares, clock)
    made.notices += schema.notices
    return made


def targets_of(frame: pl.DataFrame, options: DataOptions, data: str) -> list[str]:
    """The columns to forecast. Raises: NoTarget."""
    from .setting_problems import NoTarget

    names = as_names(options.target, frame.columns)
    if names == [ALL] and ALL not in frame.columns:
        left = {*as_names(options.time, frame.columns), *as_names(options.group, frame.columns)}
        left |= {*as_names(options.future, frame.columns), *as_names(options.ignore, frame.columns)}
        numbers = [
            c
            for c in frame.columns
            if c not in left and frame[c].drop_nulls().head(200).cast(pl.Float64, strict=False).is_not_null().mean() == 1
        ]
        names = [c for c in numbers if not looks_like_clock(c)]
    if not names:
        check_wide(frame, data, str(options.horizon or ""))
        raise NoTarget(data, list(frame.columns))
    return names


def check_wide(frame: pl.DataFrame, data: str, horizon: str) -> None:
    """Refuses a table with a series in each row, as the M4 contest has it. Raises: SeriesInRows."""
    numbers = [
        name for name in frame.columns if frame[name].cast(pl.Float64, strict=False).null_count() == frame[name].null_count()
    ]
    steps = [name for name in numbers if DATED.match(name)]
    if len(steps) < MANY_STEPS:
        counted = {name: re.fullmatch(r"(\D*)(\d+)", name) for name in numbers}
        heads = Counter(match[1] for match in counted.values() if match)
        common = max(heads, key=lambda head: heads[head], default="")
        steps = [name for name, match in counted.items() if match and match[1] == common]
    others = [name for name in frame.columns if name not in steps]
    names = [name for name in others if frame[name].n_unique() == len(frame)]
    if len(steps) >= MANY_STEPS and names:
        raise SeriesInRows(data, names[0], others, steps, bool(DATED.match(steps[0])), horizon)


def looks_like_clock(name: str) -> bool:
    return name.lower() in ("no", "year", "month", "day", "hour", "minute", "second", "timestamp", "time", "index")


def check_options(given: Given, data: str, target: list[str]) -> None:
    """Raises: PartsOfSeries, NotForForecasts."""
    options = given.options
    if given.files:
        raise PartsOfSeries(data, target, [f"--{part}" for part in given.files])
    ahead = ["--horizon", str(options.horizon or 24)]
    if options.split not in (None, "time"):
        raise NotForForecasts(
            data, target, f"--split {options.split}", "rows drawn at random would show the model its own future", ahead
        )
    if options.task not in (None, "forecast"):
        raise NotForForecasts(data, target, f"--task {options.task} with --horizon", "a horizon is for forecasts", ahead[:0])
    for option in ("horizon", "lookback"):
        value = getattr(options, option)
        if value is not None and value < 1:
            raise NotForForecasts(data, target, f"--{option} {value}", "it counts steps, from 1 on", [f"--{option}", "24"])


def columns_of(case: Case, asked: InferOptions, clock: Sequence[Column], future: Sequence[str]) -> Schema:
    """The columns with the types and roles that a forecast has."""
    frame, target = case.loaded.frame, case.target
    clock_names = [column.name for column in clock]
    rest = frame.drop(clock_names)
    schema = infer(rest, case.source, [], asked) if rest.width else Schema([], None, [], len(frame), len(frame))
    times = [
        ColumnGuess(
            column.name,
            "datetime",
            "time",
            case.clock_reason,
            "--time",
            frame[column.name].n_unique(),
            frame[column.name].null_count(),
            frame[column.name].drop_nulls().head(3).to_list(),
            format=column.format,
            zone=column.zone,
        )
        for column in clock
    ]
    left = []
    for made in schema.columns:
        kind = "number" if made.type == "number" or made.name in target else made.type
        few = made.type != "category" or made.distinct <= MOST_WORDS
        if made.name in case.groups:
            made.role, made.type, made.reason, made.kept_out = "group", "category", "named by --group: a series for each", ""
        elif made.name in target:
            check_target(case, made)
            made.role, made.type, made.mode, made.kept_out = "target", "window", "number", ""
            made.reason, made.override = f"{made.reason}; its past is an input", ""
        elif made.role == "input" and kind in ("number", "boolean", "category") and few:
            known = made.name in future
            made.type, made.mode = "known" if known else "window", kind
            made.reason += "; known ahead" if known else "; its past is an input"
        elif made.role == "input":
            made.role, made.kept_out, made.reason = "ignored", "asked", f"{made.reason}; not a number over time"
            left.append(made.name)
    in_order = {name: place for place, name in enumerate(target)}
    schema.columns.sort(key=lambda made: (made.role != "target", in_order.get(made.name, 0)))
    schema.columns = [*times, *schema.columns]
    if left:
        schema.notices.append(NotOverTime(case.data, left))
    return schema


def check_target(case: Case, made: ColumnGuess) -> None:
    """Raises: TargetNotNumber."""
    cells = case.loaded.frame[made.name]
    column = Column(name=made.name, type="number", strip=made.strip, also_missing=made.also_missing)
    values = tables.number(cells, column, case.source.decimal)
    wrong = np.flatnonzero(
        cells.is_not_null().to_numpy() & np.isnan(values) & ~cells.is_in(list(made.also_missing)).fill_null(False).to_numpy()
    )
    if len(wrong) or not np.isfinite(values).any():
        places = [(case.loaded.place(int(row)), str(cells[int(row)])) for row in wrong[:5]]
        raise TargetNotNumber(case.data, made.name, places, len(wrong), cells[wrong].unique().sort().to_list())


def special_numbers(case: Case, schema: Schema, options: DataOptions) -> list[Notice]:
    """Numbers that stand for "no value", in every column of numbers; those named by --missing keep: stay."""
    kept = {word.removeprefix("keep:") for word in as_names(options.missing) if word.startswith("keep:")}
    found = []
    for made in schema.columns:
        if made.type in ("window", "known") and made.mode == "number":
            words = sentinels(case.loaded.frame[made.name], case.source.decimal, kept)
            made.also_missing = (*made.also_missing, *words)
            found += [(made.name, word, count) for word, count in words.items()]
    return [SentinelsFound(case.data, case.target, found)] if found else []


def cut(made: Look, case: Case, options: DataOptions, shares: dict[str, float], clock: Sequence[Column]) -> None:
    """Decides season, look-back, horizon and split; sets the rows of each part.

    Raises: SeriesTooShort, BadSplitRows.
    """
    columns = made.schema.config_columns()
    steps = reader.read_steps(made.source, columns)
    frequency = None if case.frequency in ("", ROWS) else Frequency.parse(case.frequency)
    every = Windows(steps.times, steps.series, np.zeros(0, np.int64), 1, 1)
    ranks = places(every if clock else None, every)
    total = int(ranks.max()) + 1 if len(ranks) else 0
    longest = int(np.bincount(steps.series.codes).max()) if len(ranks) else 0
    first = options.horizon or reach(frequency, None, None, 1, int(longest * 0.7)).horizon
    parts, more = shares_for(total, first, shares)
    rows = split_rows_of(options, case, total)
    by = clock[0].name if clock else ""
    split = Split(kind="steps", by=by, seed=options.seed, rows=rows, validation=parts["validation"], test=parts["test"])
    edges = borders(total, split, parts, first)
    train = ranks < edges[1]
    values = np.where(train, np.asarray(steps.cells[case.target[0]]), np.nan)
    season, why_season = season_of(values, steps.series, frequency, first)
    length = int(np.bincount(steps.series.codes[train]).max()) if train.any() else 0
    seen = reach(frequency, options.horizon, options.lookback, season, length)
    made.source = replace(made.source, lookback=seen.lookback, horizon=seen.horizon)
    made.split = split
    made.task_values = {"season": season}
    made.reasons |= {
        "task.season": why_season,
        "source.lookback": seen.why_lookback,
        "source.horizon": seen.why_horizon,
        "source.frequency": case.frequency_reason,
        "split.kind": "by time: the latest steps are the test steps; a window belongs to the part that holds its whole horizon"
        + more,
    }
    typed = reader.read(made.source, columns)
    cells = [typed[name] for name in case.target]
    check_lengths(made, case, steps, typed, edges, seen.lookback, seen.horizon)
    made.rows = split_rows(typed, split, cells)
    made.schema.notices += gaps_of(case, steps)
    what = f"{', '.join(case.target)}: the next {seen.horizon} steps ({seen.why_horizon})"
    what += f" from {seen.lookback} before ({seen.why_lookback})"
    made.schema.task = TaskGuess("Forecast", what, "--horizon, --lookback")
    made.schema.labelled = len(typed)
    variables = sum(column.type == "window" for column in columns)
    facts = {
        "lookback": seen.lookback,
        "horizon": seen.horizon,
        "variables": variables,
        "windows": len(made.rows["train"]),
        "whole": False,
    }
    made.model = series_model(facts)
    model = str(getattr(options, "model", None) or made.model)
    wanted = MODELS[model].calendar if options.calendar is None and model in MODELS else bool(options.calendar)
    if wanted and clock and frequency is not None:
        name = f"calendar of {clock[0].name}"
        why = "hour, weekday and day of the year of each step"
        made.schema.columns.append(ColumnGuess(name, "calendar", "input", why, "--no-calendar"))


def split_rows_of(options: DataOptions, case: Case, total: int) -> tuple[int, ...]:
    """The three numbers of --split-rows. Raises: BadSplitRows."""
    if options.split_rows is None:
        return ()
    given = options.split_rows if isinstance(options.split_rows, str) else ",".join(map(str, options.split_rows))
    numbers = [word.strip() for word in given.split(",")]
    good = len(numbers) == 3 and all(word.isdigit() for word in numbers)
    if not good or sum(map(int, numbers)) > total or not all(map(int, numbers[:2])):
        raise BadSplitRows(case.data, case.target, given, total)
    return tuple(map(int, numbers))


def check_lengths(
    made: Look, case: Case, steps: reader.Steps, typed: Any, edges: Sequence[int], lookback: int, horizon: int
) -> None:
    """Every part must hold a window. Raises: SeriesTooShort."""
    names = steps.series.words
    windows = typed[case.target[0]]
    assert isinstance(windows, Windows)
    having = set(np.unique(windows.series.codes[windows.origins]).tolist())
    short = [name for code, name in enumerate(names) if code not in having]
    sizes = {"train": edges[1], "validation": edges[2] - edges[1], "test": edges[3] - edges[2]}
    total = edges[3]
    for part, size in sizes.items():
        needed = horizon + (lookback if part == "train" else 0)
        if (size or part != "test") and size < needed:
            ahead = max(1, min(horizon, sizes["validation"] // 2, sizes["train"] // 4))
            back = max(1, min(lookback, (sizes["train"] - ahead) // 2))
            raise SeriesTooShort(
                case.data, case.target, total, lookback, horizon, part, size, ["--horizon", str(ahead), "--lookback", str(back)]
            )
    if short and len(names) > 1:
        made.notices.append(ShortSeries(case.data, case.target, short, len(names), lookback + horizon, lookback))


def gaps_of(case: Case, steps: reader.Steps) -> list[Notice]:
    missing = [(name, int(is_missing(steps.cells[name]).sum()), len(steps.times)) for name in case.target]
    found = [one for one in missing if one[1]]
    return [TargetGaps(case.data, case.target, found)] if found else []
