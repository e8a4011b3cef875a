"""A finished run of time series at work: the steps after the last row, or after past origins; and whole series.

Called by use.py for the readers that have their own way to a table.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .options import as_names
from .plain.config import Column
from .plain.frequency import ROWS, Frequency
from .problems import Notice
from .sources import as_frame, is_in_memory, write
from .trained_rows import again
from .use_problems import NothingToScore
from .use_series_problems import (
    BadOrigin,
    FutureUnknown,
    NothingAhead,
    OtherLengths,
    OtherSteps,
    RowsWithoutTime,
    SeriesWithoutForecast,
)

if TYPE_CHECKING:
    from .plain.config import Source
    from .run_folder import Run

LEAST_ON_GRID = 0.98  # share of the rows that must lie on the steps of the training data
LEAST_FILLED = 0.25  # share of these steps that must have a row
Lines = dict[str, list[Any]]


def forecast_lines(run: Run, source: Any, origin: Any = None) -> tuple[Lines, list[Notice]]:
    """The lines of the forecast: time, group columns, step, prediction and interval; the truth where an origin lies in the past.

    origin: the last known times, one or several; without it the forecasts begin after the last known target of each series.
    Raises: ColumnsMissing, BadOrigin, NothingAhead, OtherSteps and what reading raises.
    """
    config, reader = run.config, run._plain("readers.series")
    with tempfile.TemporaryDirectory(prefix="plainloop-") as scratch:
        found, notices = located(run, source, Path(scratch))
        steps = reader.read_steps(found, config.columns)
        notices += check_steps(run, found, steps)
        origins = times_of_origins(run, found, steps, origin)
        table = reader.read_ahead(found, config.columns, origins)
    targets = [column.name for column in config.targets]
    starts, ends = reader.spans(steps, targets)
    if not len(table):
        longest = int((ends - starts).max()) if len(starts) else 0
        raise NothingAhead(str(run.folder), name_of(source), longest, config.source.lookback)
    windows = table[targets[0]]
    seen = set(windows.series.codes[windows.origins].tolist())
    short = [name for code, name in enumerate(windows.series.words) if code not in seen]
    if short and not origins:
        notices.append(SeriesWithoutForecast(short, len(windows.series.words), config.source.lookback))
    notices += unknown_ahead(run, table)
    scores, target = run.scores(table), run.preparation.target(table).cpu()
    return run._plain("forecasts").forecast_columns(config, table, run.preparation.task, scores, target), notices


def located(run: Run, source: Any, scratch: Path) -> tuple[Source, list[Notice]]:
    """The source that reads new data as the run's was read; data in memory is written to scratch. Raises: ColumnsMissing."""
    from .understand.probe import probe_like
    from .use import check_columns

    config = run.config
    if is_in_memory(source):
        paths = [write(as_frame(source)[0], scratch, "table")]
    else:
        paths = [str(source)] if isinstance(source, (str, Path)) else [str(path) for path in source]
    made, notices = probe_like(paths, replace(config.source, validation=(), test=()))
    kept = {name: getattr(config.source, name) for name in ("reader", "lookback", "horizon", "frequency", "resample")}
    made = replace(made, **kept, sha256="")
    there = list(run._plain("readers.tables").load(replace(made, lookback=0, horizon=0, frequency="", resample="")).frame.columns)
    wanted = [column.name for column in config.columns if column.role != "ignored" and column.type != "calendar"]
    check_columns(list(dict.fromkeys(wanted)), there, name_of(source), run)
    return made, notices


def check_steps(run: Run, found: Source, steps: Any) -> list[Notice]:
    """Rows without a time are told of. Raises: OtherSteps where the rows have another pace than those of the training data."""
    from .understand.series_time import fit

    clock = [column for column in run.config.columns if column.role == "time"]
    if not clock:
        return []
    frame = run._plain("readers.tables").load(replace(found, lookback=0, horizon=0, frequency="", resample="")).frame
    times = run._plain("readers.times").times_of(frame, clock)
    known, file = np.isfinite(times), name_of(found.data[0])
    if not known.any():
        raise OtherSteps(
            str(run.folder), file, found.frequency, f"have no time of the form of the training data in {clock[0].name}"
        )
    notices: list[Notice] = [] if known.all() else [RowsWithoutTime(file, int((~known).sum()), len(times))]
    if found.frequency in ("", ROWS) or found.resample:
        return notices
    frequency, raw = Frequency.parse(found.frequency), rows_of(run, found)
    on_grid, filled = fit(raw.times, raw.series, frequency)
    rows_to_steps = len(raw.times) / max(1, int((steps.rows >= 0).sum()))
    if on_grid < LEAST_ON_GRID:
        raise OtherSteps(str(run.folder), file, found.frequency, f"lie beside these steps, {1 - on_grid:.0%} of them")
    if rows_to_steps > 1.5:
        raise OtherSteps(str(run.folder), file, found.frequency, f"are {rows_to_steps:.1f} to a step")
    if filled < LEAST_FILLED and len(raw.times) > 2:
        raise OtherSteps(
            str(run.folder), file, found.frequency, f"fill only {filled:.1%} of the steps from the first to the last"
        )
    return notices


def rows_of(run: Run, found: Source) -> Any:
    """The rows in the order of time, before they are put on the steps of the clock."""
    return run._plain("readers.series").read_steps(replace(found, frequency=ROWS, resample=""), run.config.columns)


def times_of_origins(run: Run, found: Source, steps: Any, origin: Any) -> list[float]:
    """The asked origins in seconds since 1970, or as numbers of rows where there is no clock. Raises: BadOrigin."""
    if origin is None:
        return []
    import polars as pl

    times_module = run._plain("readers.times")
    words = as_names(origin) if isinstance(origin, (str, list, tuple)) else [str(origin)]
    clock = [column for column in run.config.columns if column.role == "time"]
    clock = clock or [Column(name="", type="number", role="time", format="number")]
    form = clock[0].format if len(clock) == 1 else ""
    ends = steps.times[[steps.times.argmin(), steps.times.argmax()]] if len(steps.times) else steps.times
    zone = [clock[0].zone] if getattr(clock[0], "zone", "") else []  # the code of an older run knows none
    span = " to ".join(times_module.written(ends, form, *zone))
    made = []
    for word in words:
        cells = pl.Series([word], dtype=pl.String)
        read = [
            read_time(times_module, cells, replace(clock[0], format=one))
            for one in dict.fromkeys((form, "", "%Y-%m-%d %H:%M", "%Y-%m"))
        ]
        known = [time for time in read if np.isfinite(time)]
        if not known:
            raise BadOrigin(str(run.folder), name_of(found.data[0]), word, "it cannot be read as a time", span)
        if not steps.times.min() <= known[0] <= steps.times.max():
            raise BadOrigin(str(run.folder), name_of(found.data[0]), word, "the data does not reach so far", span)
        made.append(float(known[0]))
    return made


def read_time(times: Any, cells: Any, clock: Column) -> float:
    import polars as pl

    try:
        return float(times.times_of(cells.to_frame(clock.name), [clock])[0])
    except (pl.exceptions.PolarsError, ValueError):  # another form
        return float("nan")


def unknown_ahead(run: Run, table: Any) -> list[Notice]:
    """Columns known ahead that have no values there."""
    found = []
    for column in run.config.columns:
        if column.type == "known":
            windows = table[column.name]
            ahead = (windows.origins[:, None] + np.arange(windows.horizon)).reshape(-1)
            gaps = int(run._plain("table").is_missing(windows.steps[ahead]).sum())
            if gaps:
                found.append((column.name, gaps, len(ahead)))
    return [FutureUnknown(found, run.config.targets[0].name)] if found else []


def windows_of(run: Run, source: Any) -> tuple[Any, list[Notice]]:
    """Every window of the source, for an evaluation. Raises: NothingToScore, ColumnsMissing, OtherSteps."""
    with tempfile.TemporaryDirectory(prefix="plainloop-") as scratch:
        found, notices = located(run, source, Path(scratch))
        reader = run._plain("readers.series")
        notices += check_steps(run, found, reader.read_steps(found, run.config.columns))
        table = reader.read(found, run.config.columns)
    targets = [run._plain("table").is_missing(table[column.name]) for column in run.config.targets]
    known = np.flatnonzero(~np.logical_and.reduce(targets))
    if not len(known):
        raise NothingToScore(name_of(source), len(table), ["missing"])
    return table.rows(known), notices


def evaluate_forecast(run: Run, source: Any) -> dict[str, Any]:
    """The figures of all windows of the source."""
    from .judge.forecast import intervals

    table, notices = windows_of(run, source)
    task = run.preparation.task
    scores, target = run.scores(table), run.preparation.target(table).cpu()
    metrics = intervals(task, scores, target)
    notices += again(run, table, lambda rows: float(task.metrics(scores[rows], target[rows])[task.headline]))
    return {"run": str(run.folder), "rows": len(table), "headline": task.headline, "metrics": metrics, "notices": notices}


def whole_series(run: Run, source: Any, *, with_target: bool) -> tuple[Any, list[str], list[Notice]]:
    """The table of whole series that new files hold, and what each is called. Raises: ColumnsMissing and what reading raises."""
    from .use import check_columns

    config, reader = run.config, run._plain("readers.sequences")
    with tempfile.TemporaryDirectory(prefix="plainloop-") as scratch:
        paths = [str(source)] if isinstance(source, (str, Path)) else source
        if is_in_memory(source):
            paths = [write(as_frame(source)[0], Path(scratch), "table")]
        made, notices = like_files(config.source, [str(path) for path in paths])
        columns: list[Column] = [column for column in config.columns if with_target or column.role != "target"]
        if made.format not in ("ts", "files"):
            there = list(run._plain("readers.tables").load(replace(made, reader="tables")).frame.columns)
            wanted = [column.name for column in columns if column.type != "length" and column.role != "ignored"]
            check_columns(wanted, there, name_of(source), run)
        whole = reader.read_whole(made, columns)
        wanted = [column.name for column in columns if column.type == "series" and column.role == "input"]
        check_columns(wanted, list(whole.variables), name_of(source), run)
        labels = [column for column in config.targets if column.name in whole.others]
        if with_target:
            check_columns([column.name for column in config.targets], list(whole.others), name_of(source), run)
        known = [*(column for column in columns if column.role != "target"), *labels]
        return reader.read(made, known), whole.names, [*notices, *other_lengths(run, source, whole.variables, wanted)]


def other_lengths(run: Run, source: Any, variables: dict[str, Any], wanted: list[str]) -> list[Notice]:
    """What there is to say of series of lengths that no train row had."""
    length = run.preparation.columns[wanted[0]].length
    found = np.array([len(piece) for piece in variables[wanted[0]]])
    equal = all(column.type != "length" for column in run.config.columns)  # the train rows were equally long
    strange = found != length if equal else found > length
    facts = int(strange.sum()), len(found), length, int(found.min()), int(found.max())
    return [OtherLengths(name_of(source), *facts)] if strange.any() else []


def like_files(trained: Source, paths: list[str]) -> tuple[Source, list[Notice]]:
    """The source of new files of whole series, read as those of the run were."""
    from .understand.look_sequences import is_ts, label_file
    from .understand.probe import probe_like

    if trained.format in ("ts", "files"):
        kind = "ts" if all(map(is_ts, paths)) else "files"
        member = label_file(paths[0]) if kind == "files" else ""
        return replace(trained, format=kind, data=tuple(paths), validation=(), test=(), sha256="", member=member), []
    made, notices = probe_like(paths, replace(trained, reader="tables"))
    return replace(made, reader="sequences", sha256="", length=trained.length), notices


def name_of(source: Any) -> str:
    return str(source) if isinstance(source, (str, Path)) else "the data"
