"""Sets the clock of a series: which columns, in which form, at which frequency; tells of repairs. For look_series.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl

from ..options import DataOptions
from ..plain.config import Column, Source
from ..plain.frequency import NEAR, ROWS, Frequency
from ..plain.readers.series import grid, named
from ..plain.readers.tables import Loaded
from ..plain.readers.times import as_cells, written, zoned
from ..plain.table import Words
from ..problems import Notice
from .column_problems import AmbiguousTime
from .series_notices import (
    DateOrderChosen,
    EmptyRows,
    RowsAreSteps,
    StepsMissing,
    TimesInUtc,
    TimesMoved,
    TimesRepeated,
    TimesSorted,
)
from .series_problems import BadFrequency, BadTimes, IrregularTimes, NoTimes, RepeatedTimes, RowsWithinSteps, UnclearClock
from .series_time import Clock, Pace, find_clock, of_seconds, pace_of, read_times, single

REGULAR = 0.98  # share of the rows that must lie on the steps of a clock
FILLED = 0.5  # share of the steps that must have a row
OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
UTC = "+00:00"
MOST_REPEATED = 0.01  # share of the times that may have several rows that differ
MOST_TELLING = 12  # columns that are tried, alone and together, to tell series apart


@dataclass
class Case:
    """A table of which a series is made, and what is found out about its clock."""

    source: Source
    loaded: Loaded
    target: list[str]
    groups: list[str]
    options: DataOptions
    notices: list[Notice]
    frequency: str = ""
    frequency_reason: str = ""
    clock_reason: str = ""

    @property
    def data(self) -> str:
        return self.source.data[0]

    def place(self, row: int) -> str:
        return self.loaded.place(int(row))


def settle_clock(case: Case, asked: Sequence[str]) -> list[Column]:
    """The columns of the clock, none where rows are steps; sets frequency and reasons, and tells of repairs.

    Raises: NoTimes, BadTimes, UnclearClock, IrregularTimes, RepeatedTimes, RowsWithinSteps, BadFrequency, AmbiguousTime.
    """
    frame, options = case.loaded.frame, case.options
    wanted = frequency_asked(case)
    others = [name for name in frame.columns if name not in {*case.target, *case.groups}]
    clock = find_clock(frame if asked else frame.select(others), asked, options.date_format or "")
    if clock is None and asked:
        examples = [str(word) for word in frame[asked[0]].drop_nulls().head(3).to_list()]
        raise NoTimes(case.data, case.target, list(asked), examples)
    if clock is None:
        dates = [name for name in others if single(frame, name, options.date_format or "", asked_for=False)]
        if dates:
            raise UnclearClock(case.data, case.target, dates)
        case.notices.append(RowsAreSteps(case.data, case.target, others or frame.columns))
        case.frequency, case.frequency_reason, case.clock_reason = ROWS, "no column holds times", ""
        return []
    series = series_of(case)
    clock = right_order(case, clock, series)
    case.clock_reason = clock.reason
    clock = in_zone(case, clock)
    times = read_times(frame, clock)
    kept = complete(case, clock, times)
    order = kept[np.lexsort((times[kept], series.codes[kept]))]
    told_order(case, clock, times, series, kept)
    settle_frequency(case, clock, times[order], Words(series.codes[order], series.words), order, wanted)
    return clock.columns


def frequency_asked(case: Case) -> str:
    """The word of --frequency in its own spelling, "" where none is given. Raises: BadFrequency."""
    given = case.options.frequency
    if given in (None, "", ROWS):
        return given or ""
    words = {"hourly": "1h", "daily": "1d", "weekly": "1w", "monthly": "1mo", "quarterly": "3mo", "yearly": "1y"}
    try:
        return str(Frequency.parse(words.get(str(given).lower(), str(given))))
    except ValueError:
        raise BadFrequency(case.data, case.target, str(given)) from None


def series_of(case: Case) -> Words:
    frame = case.loaded.frame
    cells = []
    for name in case.groups:
        words = frame[name].fill_null("").unique().sort()
        codes = frame[name].fill_null("").cast(pl.Enum(words)).to_physical().cast(pl.Int32).to_numpy()
        cells.append(Words(codes, words.to_list()))
    return named(cells, len(frame))


def right_order(case: Case, clock: Clock, series: Words) -> Clock:
    """Day or month first, where every cell can be read both ways: the order in which the steps are regular.

    Raises: AmbiguousTime where that does not tell.
    """
    if not clock.other_form:
        return clock
    form, frame = clock.columns[0].format, case.loaded.frame
    word = str(frame[clock.names[0]].drop_nulls()[0])
    good, read = [], []
    for one in (form, clock.other_form):
        tried = Clock([Column(name=name, type="datetime", role="time", format=one) for name in clock.names], clock.reason)
        times = read_times(frame, tried)
        read.append(times)
        kept = np.flatnonzero(np.isfinite(times))
        order = kept[np.lexsort((times[kept], series.codes[kept]))]
        pace = pace_of(times[order], Words(series.codes[order], series.words))
        if pace.on_grid >= REGULAR and pace.filled >= 0.9:
            good.append(tried)
    if np.array_equal(read[0], read[1], equal_nan=True):  # Jan 2024 is in two forms the same
        return clock
    if len(good) != 1:
        raise AmbiguousTime(case.data, case.target, clock.names[0], word, [form, clock.other_form])
    chosen = good[0].columns[0].format
    other = clock.other_form if chosen == form else form
    case.notices.append(DateOrderChosen(case.data, case.target, clock.names[0], chosen, other, word))
    return good[0]


def in_zone(case: Case, clock: Clock) -> Clock:
    """The clock in the zone of its cells; where they have several, in UTC, which is said."""
    form, cells = clock.columns[0].format, case.loaded.frame[clock.names[-1]]
    if form and "%z" not in form:
        return clock
    times = read_times(case.loaded.frame, clock)
    timed = np.isfinite(times)
    known = zoned(cells, form) & timed
    if not known.any():
        return clock
    offsets = cells.filter(pl.Series(known)).str.extract(OFFSET).str.replace("Z", "+00:00", literal=True)
    kinds = [*(["none"] if known.sum() < timed.sum() else []), *offsets.str.replace(r"(\d{2})(\d{2})$", "$1:$2").unique().sort()]
    if len(kinds) > 1:
        row = int(known.argmax())
        read = written(times[row : row + 1], "", UTC)[0]
        case.notices.append(TimesInUtc(",".join(clock.names), kinds, str(cells[row]), read))
    zone = kinds[0] if len(kinds) == 1 else UTC
    return replace(clock, columns=[replace(column, zone=zone) for column in clock.columns])


def complete(case: Case, clock: Clock, times: np.ndarray) -> np.ndarray:
    """The rows with a time. Empty rows are left out, others as far as --skip-bad allows. Raises: BadTimes."""
    frame = case.loaded.frame
    without = ~np.isfinite(times)
    if not without.any():
        return np.arange(len(times))
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy() & without
    bad = np.flatnonzero(without & ~empty)
    if len(bad) > case.options.skip_bad:
        cells = frame[clock.names[0]]
        places = [(case.place(row), str(cells[int(row)] or "")) for row in bad[:5]]
        raise BadTimes(case.data, case.target, clock.names, places, len(bad), len(times))
    first = int(np.flatnonzero(without)[0])
    case.notices.append(EmptyRows(case.data, int(without.sum()), int(empty.sum()), case.place(first)))
    return np.flatnonzero(~without)


def told_order(case: Case, clock: Clock, times: np.ndarray, series: Words, kept: np.ndarray) -> None:
    """Says where rows are not in the order of time, each series for itself."""
    by_series = kept[np.argsort(series.codes[kept], kind="stable")]
    same = np.diff(series.codes[by_series]) == 0
    back = np.flatnonzero(same & (np.diff(times[by_series]) < 0))
    if len(back):
        first = case.place(int(by_series[back + 1].min()))
        case.notices.append(TimesSorted(case.data, case.target, ",".join(clock.names), len(back), first))


def settle_frequency(case: Case, clock: Clock, times: np.ndarray, series: Words, order: np.ndarray, wanted: str) -> None:
    """Finds the frequency, or checks the asked one; tells of repeated, missing and moved times.

    times: sorted, series after series; order: the rows of the file.
    Raises: IrregularTimes, RepeatedTimes, RowsWithinSteps.
    """
    if wanted == ROWS:
        case.frequency, case.frequency_reason = ROWS, "asked for: each row is a step"
        return
    resample = case.options.resample or ""
    pace = pace_of(times, series)
    name = ",".join(clock.names)
    if not wanted:
        regular = pace.frequency is not None and pace.on_grid >= REGULAR and pace.filled >= FILLED
        if not resample:
            repeated(case, name, clock, times, series, order)
        if pace.frequency is None or not regular:
            raise irregular(case, name, pace)
        case.frequency = str(pace.frequency)
        uneven = pace.frequency.unit in ("mo", "b")  # such steps differ in seconds
        share = (
            f"{pace.on_grid:.0%} of the rows lie on them"
            if uneven
            else f"{pace.share:.0%} of the steps between rows are that long"
        )
        case.frequency_reason = share
    else:
        case.frequency, case.frequency_reason = wanted, "asked for"
        if not resample:
            repeated(case, name, clock, times, series, order)
    frequency = Frequency.parse(case.frequency)
    place, base = grid(times, series, frequency, resample)
    if not resample:
        beside = np.abs(frequency.places(times, base) - place)
        distinct = np.diff(times, prepend=-np.inf) > 0
        joined = np.concatenate([[False], (np.diff(place) == 0) & (np.diff(series.codes) == 0)]) & distinct
        if joined.sum() > (1 - REGULAR) * len(times):
            raise RowsWithinSteps(case.data, case.target, name, case.frequency, str(pace.frequency or ""))
        moved = np.flatnonzero(beside > (1e-6 if frequency.unit not in ("mo", "b") else NEAR))
        if len(moved):
            at = as_cells(times[moved[:1]], clock.columns)[0]
            case.notices.append(TimesMoved(case.data, case.target, name, case.frequency, len(moved), at))
    missing(case, name, clock, times, series, place)


def irregular(case: Case, name: str, pace: Pace) -> IrregularTimes:
    """The refusal, with the usual frequency that is nearest to the step in the middle."""
    usual = {"1s": 1, "1min": 60, "15min": 900, "1h": 3600, "1d": 86_400, "1w": 604_800}
    offered = min(usual, key=lambda unit: abs(np.log(max(pace.middle, 1e-9) / usual[unit])))
    words = [str(of_seconds(seconds)) for seconds in (pace.common, pace.shortest, pace.longest)]
    return IrregularTimes(case.data, case.target, name, words[0], pace.share, words[1], words[2], offered)


def repeated(case: Case, name: str, clock: Clock, times: np.ndarray, series: Words, order: np.ndarray) -> None:
    """Tells of times with several rows. Raises: RepeatedTimes where too many of them differ."""
    again = np.concatenate([[False], (np.diff(times) == 0) & (np.diff(series.codes) == 0)])
    if not again.any():
        return
    frame = case.loaded.frame
    rows = frame.drop(clock.names)[order].hash_rows(seed=0).to_numpy() if frame.width > len(clock.names) else np.zeros(len(order))
    differ = again & np.concatenate([[False], rows[1:] != rows[:-1]])
    distinct = int((~again).sum())
    first = int(np.flatnonzero(differ if differ.any() else again)[0])
    at = as_cells(times[first : first + 1], clock.columns)[0]
    if differ.sum() > MOST_REPEATED * distinct:
        places = [case.place(int(order[row])) for row in (first - 1, first)]
        several = len(np.unique(np.cumsum(~again)[differ]))
        raise RepeatedTimes(case.data, case.target, name, several, distinct, (at, places), telling(case, clock, times))
    case.notices.append(TimesRepeated(case.data, case.target, name, int(again.sum()), int((again & ~differ).sum()), at))


def telling(case: Case, clock: Clock, times: np.ndarray) -> list[str]:
    """Columns of words or codes that, together with the time, tell the rows apart: the fewest of them."""
    frame = case.loaded.frame.with_row_index("row number")
    used = {*clock.names, *case.target, "row number"}
    few = [name for name in frame.columns if name not in used and 1 < frame[name].n_unique() <= len(frame) // 3]
    few.sort(key=lambda name: frame[name].n_unique())
    for number in (1, 2, 3):
        for names in combinations(few[:MOST_TELLING], number):
            if frame.select([*clock.names, *names]).is_unique().all():
                return [*case.groups, *names]
    return []


def missing(case: Case, name: str, clock: Clock, times: np.ndarray, series: Words, place: np.ndarray) -> None:
    """Tells of steps without a row."""
    jump = np.where(np.diff(series.codes) == 0, np.diff(place), 1)
    holes = np.flatnonzero(jump > 1)
    if not len(holes):
        return
    largest = holes[np.argsort(-jump[holes], kind="stable")[:5]]
    around = [(at, as_cells(times[at : at + 2], clock.columns)) for at in largest.tolist()]
    gaps = [(before, after, int(jump[at]) - 1) for at, (before, after) in around]
    count = int((jump[holes] - 1).sum())
    distinct = 1 + int((jump > 0).sum())
    case.notices.append(StepsMissing(case.data, case.target, name, case.frequency, count, distinct + count, gaps))
