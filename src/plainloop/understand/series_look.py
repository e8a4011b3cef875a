"""What `inspect` says of a series: frequency, span, missing steps, season, whether its level stays; and a picture of it.

Called by api.inspect where a time is named. What the clock needs is settled as for a forecast, in series_clock.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..options import DataOptions, as_names
from ..plain.checkpoint import write_file
from ..plain.config import Column
from ..plain.frequency import ROWS, Frequency
from ..plain.readers import series as reader
from ..plain.readers import tables
from ..plain.readers.content_digests import cache_folder
from ..plain.readers.times import UNIX, as_cells, times_of, written
from ..plain.slices import filled
from ..plain.table import Words
from ..problems import Notice, PlainloopError
from .column_problems import AmbiguousTime
from .column_types import Values, guess
from .series_clock import Case, settle_clock
from .series_defaults import seasons
from .series_notices import SentinelsFound
from .series_problems import NoTimes
from .series_sentinels import sentinels

if TYPE_CHECKING:
    from .seen import Look

MOST_COLUMNS = 30
MOST_DRAWN = 5
STRONG = 0.3  # share of the variance without trend that a season must hold to be named
CRITICAL = 0.463  # of the KPSS statistic at 5%: Kwiatkowski, Phillips, Schmidt and Shin, Journal of Econometrics 54 (1992)


@dataclass(frozen=True)
class SeriesColumn:
    """A column of numbers over time."""

    name: str
    missing: int
    sentinels: dict[str, int]
    season: int  # steps, 0: none is seen
    season_name: str
    strength: float  # share of the variance without trend
    kpss: float

    @property
    def stays(self) -> bool:
        return self.kpss <= CRITICAL

    def line(self, steps: int) -> str:
        season = (
            f"season of {self.season} steps ({self.season_name}, {self.strength:.0%} of the variance)"
            if self.season
            else "no season"
        )
        level = "its level stays" if self.stays else "its level moves"
        gaps = f", {counted(self.missing, 'step')} without a value" if self.missing else ""
        marks = f", {' '.join(self.sentinels)} read as missing" if self.sentinels else ""
        return f"  {self.name}: {season}; {level} (KPSS {self.kpss:.2f}, {CRITICAL} is the border){gaps}{marks}"


@dataclass(frozen=True)
class SeriesFacts:
    """The clock of a table, and what its columns do over time."""

    clock: str
    frequency: str
    why: str
    first: str
    last: str
    steps: int
    series: int
    absent: int  # steps without a row
    repeated: int  # rows with a time beyond one for each step
    untimed: int  # rows without a time
    columns: list[SeriesColumn]
    picture: str = ""

    def text(self) -> list[str]:
        many = f", {self.series:,} series" if self.series > 1 else ""
        every = "the rows as they stand" if self.frequency == ROWS else f"a step every {self.frequency} ({self.why})"
        lines = [f"over {self.clock}: {self.first} to {self.last}, {self.steps:,} steps{many}, {every}"]
        if self.absent or self.repeated or self.untimed:
            without = f", {counted(self.untimed, 'row')} without a time" if self.untimed else ""
            again = f"{counted(self.repeated, 'row')} of a time that was there before"
            lines.append(f"  {counted(self.absent, 'step')} without a row, {again}{without}")
        lines += [column.line(self.steps) for column in self.columns]
        return [*lines, *([f"picture: {self.picture}"] if self.picture else [])]

    def as_dict(self) -> dict[str, Any]:
        columns = [{**vars(column), "level_stays": column.stays} for column in self.columns]
        return {**vars(self), "columns": columns}


def series_facts(look: Look, options: DataOptions) -> SeriesFacts | None:
    """What there is to say of the table over its time; None where it has no clock that can be settled."""
    found = replace(look.source, reader="tables", lookback=0, horizon=0, frequency="", resample="")
    loaded = tables.load(found)
    groups = [name for name in as_names(options.group, loaded.frame.columns) if name in loaded.frame.columns]
    case = Case(found, loaded, list(look.target), groups, options, [])
    try:
        clock = settle_clock(case, as_names(options.time, loaded.frame.columns))
    except (AmbiguousTime, NoTimes):
        raise
    except PlainloopError as refusal:  # a table that is no series can still be learned row by row
        look.notices += [] if is_told(look, refusal) else [NoSeries(str(refusal.what))]
        return None
    if not clock:
        return None
    columns, marks = number_columns(case, [column.name for column in clock], look.target)
    source = replace(found, reader="series", frequency=case.frequency, resample=options.resample or "", lookback=1, horizon=1)
    steps = reader.read_steps(source, [*clock, *(Column(name=name, type="category", role="group") for name in groups), *columns])
    form = clock[0].format if len(clock) == 1 else ""
    ends = np.array([steps.times.min(), steps.times.max()])
    first, last = written(ends, "") if form in UNIX else as_cells(ends, clock)
    frequency = None if case.frequency == ROWS else Frequency.parse(case.frequency)
    seen = [column_facts(column.name, steps, frequency, marks[column.name]) for column in columns]
    timed = int(np.isfinite(times_of(loaded.frame, clock)).sum())
    made = SeriesFacts(
        ",".join(column.name for column in clock),
        case.frequency,
        case.frequency_reason,
        first,
        last,
        len(steps.times),
        len(steps.series.words),
        int((steps.rows < 0).sum()),
        max(0, timed - int((steps.rows >= 0).sum())),
        len(loaded.frame) - timed,
        seen,
    )
    if not look.target:  # with a target the door has told what a training repairs
        found_marks = [(name, word, count) for name, words in marks.items() for word, count in words.items()]
        look.notices += [*case.notices, *([SentinelsFound(case.data, [], found_marks)] if found_marks else [])]
    return replace(made, picture=str(draw(look.data, steps, [column.name for column in columns[:MOST_DRAWN]], form)))


def counted(count: int, word: str) -> str:
    return f"{count:,} {word if count == 1 else word + 's'}"


def is_told(look: Look, refusal: PlainloopError) -> bool:
    return any(refusal.what in str(notice) for notice in look.notices)


@dataclass
class NoSeries(Notice):
    """A table with a time that is no series.

    What it does: says why `inspect` shows no season and no frequency; the rows can be learned one by one all the same.
    Why: frequency and season are facts of steps that follow one another.
    Example: `plainloop inspect orders.csv --time ordered`, where orders come at any time.
    Fix: name the columns that tell series apart, or put the rows together with --resample.
    """

    reason: str

    kind = "hint"

    def __post_init__(self) -> None:
        self.what = f"As a time series it cannot be read: {self.reason}"
        self.expected = "Expected one row for each step of a clock, of each series."
        self.why = "Frequency and season are facts of steps that follow one another."
        self.fix = "name the columns that tell series apart with --group, or put rows together with --resample mean"

    @classmethod
    def example(cls) -> NoSeries:
        return cls('The times in "ordered" have no common step.')


def number_columns(case: Case, clock: list[str], target: list[str]) -> tuple[list[Column], dict[str, dict[str, int]]]:
    """The columns of numbers, the targets first, and their marks for "no value"."""
    kept = {word.removeprefix("keep:") for word in as_names(case.options.missing) if word.startswith("keep:")}
    columns: list[Column] = []
    marks: dict[str, dict[str, int]] = {}
    for name in sorted(case.loaded.frame.columns, key=lambda name: name not in target):
        made = guess(Values.of(case.loaded.frame[name], case.source.decimal)) if name not in [*clock, *case.groups] else None
        if made is None or made.type != "number" or made.kept_out or len(columns) == MOST_COLUMNS:
            continue
        marks[name] = sentinels(case.loaded.frame[name], case.source.decimal, kept)
        words = (*made.also_missing, *marks[name])
        columns.append(Column(name=name, type="window", mode="number", strip=made.strip, also_missing=words))
    return columns, marks


def column_facts(name: str, steps: Any, frequency: Frequency | None, marks: dict[str, int]) -> SeriesColumn:
    """Season and level of a column, of the longest of its series."""
    longest = int(np.bincount(steps.series.codes).argmax())
    mine = steps.series.codes == longest
    values = np.asarray(steps.cells[name])[mine]
    gaps = int(np.isnan(np.asarray(steps.cells[name])).sum())
    whole = filled(values, Words(np.zeros(len(values), np.int32), [""]))
    found = {length: strength(whole, length) for length in seasons(frequency)}
    best = max(found, key=lambda length: found[length], default=0)
    if not best or found[best] < STRONG:
        return SeriesColumn(name, gaps, marks, 0, "", 0.0, kpss(whole))
    shorter = [length for length in found if best % length == 0 and found[length] > found[best] - 0.05]
    best = min([best, *shorter])  # a week of equal days is a season of a day
    return SeriesColumn(name, gaps, marks, best, seasons(frequency)[best], found[best], kpss(whole))


def strength(values: np.ndarray, season: int) -> float:
    """The share of the variance around the moving average that the same place of the other seasons foretells.

    After R. J. Hyndman and G. Athanasopoulos, Forecasting: Principles and Practice (2021), section 4.3; but a value is no part
    of the mean that it is measured by, for the mean of three draws of noise lies near each of them.

    >>> round(strength(np.tile([0.0, 1.0, 2.0, 1.0], 20), 4), 2)
    1.0
    >>> strength(np.random.default_rng(0).normal(size=600), 168)
    0.0
    """
    if len(values) < 3 * season:
        return 0.0
    kernel = np.ones(season) / season
    if season % 2 == 0:
        kernel = np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
    trend = np.convolve(values, kernel, "valid")
    start = (len(values) - len(trend)) // 2
    rest = values[start : start + len(trend)] - trend
    places = (np.arange(len(rest)) + start) % season
    count = np.bincount(places, minlength=season)
    means = np.bincount(places, rest, minlength=season) / np.maximum(count, 1)
    others = count / np.maximum(count - 1, 1)  # the distance from the mean of the others is so much larger
    away = (rest - means[places]) * others[places]
    return max(0.0, float(1 - away.var() / rest.var())) if rest.var() > 0 else 0.0


def kpss(values: np.ndarray) -> float:
    """How far the sums of the distances from the mean wander: large where the level moves.

    Kwiatkowski et al. 1992, with the Bartlett window of their l12.

    >>> draw = np.random.default_rng(0).normal(size=500)
    >>> kpss(draw) < CRITICAL < kpss(draw.cumsum())
    True
    """
    away = values - values.mean()
    count = len(away)
    if count < 8 or not away.any():
        return 0.0
    lags = min(count - 1, int(12 * (count / 100) ** 0.25))
    spread = float(away @ away) / count
    for lag in range(1, lags + 1):
        spread += 2 * (1 - lag / (lags + 1)) * float(away[lag:] @ away[:-lag]) / count
    return float((away.cumsum() ** 2).sum() / count**2 / max(spread, 1e-12))


def draw(data: str, steps: Any, names: list[str], form: str) -> Path:
    """Writes a PNG of the columns over time into the folder of caches. Raises: StorageFailed."""
    from ..judge.plots_forecast import over_time

    longest = int(np.bincount(steps.series.codes).argmax())
    mine = steps.series.codes == longest
    values: Mapping[str, np.ndarray] = {name: np.asarray(steps.cells[name])[mine] for name in names}
    path = cache_folder() / f"{data}-series.png"
    title = data if len(steps.series.words) == 1 else f"{data}: {steps.series.words[longest]}"
    write_file(path, over_time(title, None if form == "number" else steps.times[mine], values))
    return path
