"""The steps of a clock: 15min, 1h, 1d, 1b (weekdays), 1w, 1mo. Which step a time falls on, and the time of a step.

Used by readers/series.py and by what looks at time columns before. Copied into ejected projects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
UNITS = (*SECONDS, "b", "mo")
DAY = 86_400.0
NEAR = 0.1  # share of a step that a time may lie beside it
ROWS = "rows"  # in place of a frequency: every row is a step


@dataclass(frozen=True)
class Frequency:
    """So many units from one step to the next.

    >>> str(Frequency.parse("1y")), Frequency.parse("15min").seconds
    ('12mo', 900.0)
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Raises: ValueError."""
        found = re.fullmatch(r"(\d*)\s*(s|min|h|d|w|b|mo|q|y)", text.strip().lower())
        if not found or found[1] == "0":
            raise ValueError(f"{text!r} is no frequency such as 15min, 1h, 1d, 1b, 1w or 1mo")
        count = int(found[1] or 1)
        unit = {"q": "mo", "y": "mo"}.get(found[2], found[2])
        return cls(count * {"q": 3, "y": 12}.get(found[2], 1), unit)

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def seconds(self) -> float:
        """The length of a step; of months and weekdays on average."""
        return self.count * {**SECONDS, "b": 1.4 * DAY, "mo": 30.436875 * DAY}[self.unit]

    def places(self, times: np.ndarray, base: np.ndarray) -> np.ndarray:
        """How many steps each time lies after its base, with fractions. Shape: both float64 (n,), seconds since 1970."""
        if self.unit == "mo":
            return (_months(times) - _months(base)) / self.count
        if self.unit == "b":
            return (_weekdays(times) - _weekdays(base)) / self.count
        return (times - base) / self.seconds

    def steps(self, times: np.ndarray, base: np.ndarray) -> np.ndarray:
        """The step that each time is nearest to. Shape: int64 (n,)."""
        return np.rint(self.places(times, base)).astype(np.int64)

    def times(self, steps: np.ndarray, base: np.ndarray) -> np.ndarray:
        """The time of steps after their base. Shape: float64 (n,)."""
        if self.unit == "mo":
            whole = base.astype("M8[s]").astype("M8[M]")
            starts, ends = (((whole + more).astype("M8[s]").astype(np.int64)).astype(float) for more in (0, 1))
            wanted = whole + steps * self.count
            first, after = (((wanted + more).astype("M8[s]").astype(np.int64)).astype(float) for more in (0, 1))
            last_day = base >= ends - DAY  # the last day of a month stays the last day
            return np.where(last_day, after - (ends - base), np.minimum(first + (base - starts), after - 1))
        if self.unit == "b":
            days = base.astype("M8[s]").astype("M8[D]")
            moved = np.busday_offset(days, steps * self.count, roll="forward")
            return moved.astype("M8[s]").astype(np.int64).astype(float) + base % DAY
        return base + steps * self.seconds

    def floor(self, times: np.ndarray) -> np.ndarray:
        """The beginning of the step of the calendar that each time lies in. Shape: float64 (n,)."""
        if self.unit == "mo":
            months = times.astype("M8[s]").astype("M8[M]").astype(np.int64) // self.count * self.count
            return months.astype("M8[M]").astype("M8[s]").astype(np.int64).astype(float)
        if self.unit == "b":
            days = np.busday_offset(times.astype("M8[s]").astype("M8[D]"), 0, roll="backward")
            return days.astype("M8[s]").astype(np.int64).astype(float)
        shift = 4 * DAY if self.unit == "w" else 0.0  # 1970-01-05 was a Monday
        return np.floor((times - shift) / self.seconds) * self.seconds + shift


def _months(times: np.ndarray) -> np.ndarray:
    """Months since 1970, the part of the month as a fraction; the last day of each month counts as one place."""
    whole = times.astype("M8[s]").astype("M8[M]")
    start, end = (((whole + more).astype("M8[s]").astype(np.int64)).astype(float) for more in (0, 1))
    fraction = np.where(times >= end - DAY, 30.0 * DAY + (times - (end - DAY)), np.minimum(times - start, 30.0 * DAY)) / (
        31.0 * DAY
    )
    return whole.astype(np.int64) + fraction


def _weekdays(times: np.ndarray) -> np.ndarray:
    """Weekdays since 1970, the part of the day as a fraction; a time on a weekend lies between Friday and Monday."""
    days = times.astype("M8[s]").astype("M8[D]")
    count = np.busday_count(np.datetime64("1970-01-01"), days).astype(float)
    return count + np.where(np.is_busday(days), times % DAY / DAY, -0.5)
