"""Which columns hold the time of a series, in which form, and which clock the rows follow. Used by series_clock.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ..plain.config import Column
from ..plain.frequency import DAY, NEAR, SECONDS, Frequency
from ..plain.readers.times import PARTS, QUARTER, UNIX, WEEK, parsed, times_of
from ..plain.table import Words
from .column_types import Values, guess

SHORT_FORMS = (
    "%Y-%m",
    "%Y/%m",
    "%Y.%m",
    "%m/%Y",
    "%m-%Y",
    "%m.%Y",
    "%b %Y",
    "%b-%Y",
    "%B %Y",
    "%b-%y",
    "%b %y",
    "%Y %b",
    "%Y-%b",
)
LONG_FORMS = (
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d/%m/%Y %H.%M.%S",
    "%d.%m.%Y %H.%M",
    "%Y-%m-%d %H.%M.%S",
    "%Y-%m-%d %H",
    "%d%b%Y",
    "%d%b%Y:%H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%A, %d %B %Y",
    "%a, %d %b %Y",
    "%a, %d %b %Y %H:%M:%S %z",
)
DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
NAMES = {
    "year": ("year", "yr", "yyyy", "jahr", "annee"),
    "month": ("month", "mon", "mo", "mm", "mnth"),
    "day": ("day", "dy", "dd", "dayofmonth", "mday"),
    "hour": ("hour", "hr", "hh"),
    "minute": ("minute", "min", "mi"),
    "second": ("second", "sec", "ss"),
}
TIME_NAME = re.compile(r"^(time|timestamp|date|datetime|ts|ds|unix|epoch|day|month|year)([\W_]|$)|(time|date|timestamp)$", re.I)
FEWEST_PARSED = 0.9  # share of the cells that a form must read


@dataclass
class Clock:
    """The columns of the time, the form each has, and how sure that is."""

    columns: list[Column] = field(default_factory=list)  # none: rows are steps
    reason: str = ""
    other_form: str = ""  # a second form that reads every cell, as %m/%d/%Y beside %d/%m/%Y
    bad: int = 0  # cells that the form does not read

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def find_clock(frame: pl.DataFrame, asked: Sequence[str], date_format: str) -> Clock | None:
    """The clock in the asked columns, or, where none is asked for, in those that look like one; None where there is none."""
    if len(asked) > 1:
        return several(frame, list(asked), date_format)
    if asked:
        return single(frame, asked[0], date_format, asked_for=True)
    dates = [made for name in frame.columns if (made := single(frame, name, date_format, asked_for=False))]
    parts = parts_by_name(frame, frame.columns)
    dates = [made for made in dates if not {*made.names} <= {column.name for column in parts}]  # a year is a part of the time
    if len(dates) == 1:
        dates[0].reason = f'the one column of times is "{dates[0].names[0]}"'
        return dates[0]
    if dates:
        return None
    return Clock(parts, "the time stands in " + ", ".join(column.name for column in parts)) if parts else None


def single(frame: pl.DataFrame, name: str, date_format: str, *, asked_for: bool) -> Clock | None:
    """The clock in one column."""
    cells = frame[name]
    values = Values.of(cells, ".")
    if not values.present:
        return None
    if date_format and share_read(cells, date_format) >= FEWEST_PARSED:
        return clock_of(cells, date_format, f"times of the form {date_format}, as --date-format says")
    made = guess(values)
    if made.type == "datetime" and made.kept_out != "mixed dates":
        found = clock_of(cells, made.format, made.reason)
        if made.note == "ambiguous dates":
            found.other_form = made.odd[1][0]
        return found
    if values.all_match(QUARTER):
        return clock_of(cells, "quarter", "quarters, as 2024-Q1")
    if values.all_match(WEEK):
        return clock_of(cells, "week", "weeks, as 2024-W05")
    numeric = digits_form(values, name, asked_for)
    if numeric:
        return clock_of(cells, numeric, f"times of the form {numeric}")
    if not asked_for and not TIME_NAME.search(name):
        return None
    sample = cells.drop_nulls().head(200)
    forms = ("", *SHORT_FORMS, *LONG_FORMS, *long_guesses(sample))
    best = max(forms, key=lambda form: share_read(sample, form))
    if share_read(cells, best) >= FEWEST_PARSED:
        return clock_of(cells, best, f"times of the form {best or 'ISO 8601'}")
    return None


def long_guesses(sample: pl.Series) -> list[str]:
    """Forms of the most frequent kind of date, for a column in which some cells are none."""
    from .column_types import _DAYS, _TIMES

    first = sample.head(20)
    return [day + time for day in _DAYS for time in _TIMES if share_read(first, day + time) >= 0.5]


def digits_form(values: Values, name: str, asked_for: bool) -> str:
    """The form of times that are written as numbers: 20240131, Unix seconds, a year, the number of a step."""
    if not values.all_match(r"^\d+(\.\d+)?$") or not (asked_for or TIME_NAME.search(name)):
        return ""
    numbers = values.numbers
    low, high = float(numbers.min()), float(numbers.max())
    widths = set(values.words.str.len_chars().to_list())
    if len(widths) == 1 and values.all_match(r"^\d+$"):
        form = DIGITS.get(widths.pop(), "")
        if form and (form != "%Y" or 1500 <= low <= high <= 2200) and share_read(values.words, form) == 1.0:
            return form
    for form, size in UNIX.items():
        if low * size >= 1e8 and high * size <= 5e9:  # 1973 to 2128
            return form
    return "number" if asked_for else ""


def several(frame: pl.DataFrame, names: list[str], date_format: str) -> Clock | None:
    """The clock in several columns: year, month, day, hour; or a date and a time of day."""
    parts = parts_by_name(frame, names)
    if len(parts) == len(names):
        return Clock(parts, "year, month and so on in columns of their own")
    joined = frame.select(pl.concat_str([pl.col(name) for name in names], separator=" ")).to_series().rename(names[0])
    found = single(joined.to_frame(), names[0], date_format, asked_for=True)
    if found is None:
        return None
    form = found.columns[0].format
    return Clock(
        [Column(name=name, type="datetime", role="time", format=form) for name in names],
        found.reason,
        found.other_form,
        found.bad,
    )


def parts_by_name(frame: pl.DataFrame, names: Sequence[str]) -> list[Column]:
    """The columns called year, month, day, ..., as far as they follow one another from the year on; none without a year."""
    lower = {re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(names)}
    found = []
    for part in PARTS:
        name = next((lower[word] for word in NAMES[part] if word in lower), None)
        if name is None or not bool(frame[name].drop_nulls().str.contains(r"^\d+(\.0+)?$").all()):
            break
        found.append(Column(name=name, type="datetime", role="time", format=part))
    return found if len(found) > 1 else []


def share_read(cells: pl.Series, form: str) -> float:
    """The share of the cells with a value that a form reads as a time."""
    present = cells.drop_nulls()
    try:
        return float(np.isfinite(parsed(present, form)).mean()) if len(present) else 0.0
    except pl.exceptions.PolarsError:  # a form that cannot be
        return 0.0


def clock_of(cells: pl.Series, form: str, reason: str) -> Clock:
    bad = int((~np.isfinite(parsed(cells.drop_nulls(), form))).sum())
    return Clock([Column(name=cells.name, type="datetime", role="time", format=form)], reason, bad=bad)


@dataclass(frozen=True)
class Pace:
    """The steps between rows: the frequency that fits best, and how well."""

    frequency: Frequency | None
    on_grid: float  # share of the rows that lie on it
    filled: float  # share of its steps that have a row
    common: float  # the most frequent step in seconds
    share: float  # how many of the steps are that
    longest: float
    shortest: float
    middle: float  # the median step


def pace_of(times: np.ndarray, series: Words) -> Pace:
    """The pace of sorted times, series after series; rows of equal time count once."""
    same = np.diff(series.codes) == 0
    steps = np.diff(times)[same]
    steps = steps[steps > 0]
    if not len(steps):
        return Pace(None, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    rounded = np.round(steps, 3)
    values, counts = np.unique(rounded, return_counts=True)
    common, share = float(values[counts.argmax()]), float(counts.max() / len(steps))
    fits = [(candidate, *fit(times, series, candidate)) for candidate in candidates(common, times)]
    best = max(fits, key=lambda one: (min(one[1], 0.995), one[2]))
    return Pace(best[0], best[1], best[2], common, share, float(steps.max()), float(steps.min()), float(np.median(steps)))


def candidates(common: float, times: np.ndarray) -> list[Frequency]:
    """Frequencies that a most frequent step may stand for."""
    found = []
    days = common / DAY
    for months, low, high in ((1, 28, 31), (2, 59, 62), (3, 89, 92), (6, 181, 184), (12, 365, 366)):
        if low <= days <= high:
            found.append(Frequency(months, "mo"))
    weekdays = np.is_busday(times.astype("M8[s]").astype("M8[D]"))
    if days == 1.0 and weekdays.all():
        found.append(Frequency(1, "b"))
    found.append(of_seconds(common))
    return found


def of_seconds(step: float) -> Frequency:
    """A step of seconds in the largest unit that goes into it.

    >>> str(of_seconds(900.0)), str(of_seconds(7 * 86400.0))
    ('15min', '1w')
    """
    for unit in ("w", "d", "h", "min"):
        if step >= SECONDS[unit] and abs(step / SECONDS[unit] - round(step / SECONDS[unit])) < 1e-3:
            return Frequency(round(step / SECONDS[unit]), unit)
    return Frequency(max(1, round(step)), "s")


def fit(times: np.ndarray, series: Words, frequency: Frequency) -> tuple[float, float]:
    """The share of the rows that lie on the steps of a frequency, and the share of its steps that have a row."""
    first = np.concatenate([[True], np.diff(series.codes) != 0])
    base = times[np.maximum.accumulate(np.where(first, np.arange(len(times)), 0))]
    places = frequency.places(times, base)
    steps = np.rint(places).astype(np.int64)
    near = float((np.abs(places - steps) <= NEAR).mean())
    ends = np.append(np.flatnonzero(first)[1:], len(times)) - 1
    total = float((steps[ends] + 1).sum())
    distinct = len(np.unique(np.stack([series.codes, steps]), axis=1).T)
    return near, distinct / max(total, 1.0)


def read_times(frame: pl.DataFrame, clock: Clock) -> np.ndarray:
    return times_of(frame, clock.columns) if clock.columns else np.arange(len(frame), dtype=np.float64)
