# needs: polars
"""Times out of cells: ISO 8601, any strptime form, months and years, Unix seconds, and dates in several columns.

Stands beside tables.py, which reads the cells; the form has been found before and is in the config. Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from ..config import Column
from .tables import seconds

PARTS = ("year", "month", "day", "hour", "minute", "second")
UNIX = {"unix": 1.0, "unix_ms": 1e-3, "unix_us": 1e-6, "unix_ns": 1e-9}
QUARTER = r"^(\d{4})\s*[-/ ]?\s*[Qq]([1-4])$"
ZONE = r":.*(Z|[+-]\d{2}:?\d{2})$"  # behind a time of day
WEEK = r"^(\d{4})-?W(\d{2})$"


def times_of(frame: pl.DataFrame, columns: Sequence[Column]) -> np.ndarray:
    """The time of each row, from one column or from several, in seconds since 1970 in the zone of the clock; NaN: none.

    One column: its format is "" (ISO 8601), a strptime form, a key of UNIX, "number", "quarter" or "week". Several: each with
    one of PARTS as its format, or cells that are joined by a space and read by the format of the first. Cells with a zone are
    read in that of the first column, others as they stand.
    Shape: float64 (n,).
    """
    form = columns[0].format
    if form in PARTS:
        return _joined({column.format: frame[column.name] for column in columns})
    cells = frame[columns[0].name]
    if len(columns) > 1:
        cells = frame.select(pl.concat_str([pl.col(column.name) for column in columns], separator=" ")).to_series()
    times, away = parsed(cells, form), offset(columns[0].zone)
    return np.where(zoned(cells, form), times + away, times) if away else times


def zoned(cells: pl.Series, form: str) -> np.ndarray:
    """Which cells say their zone. Shape: bool (n,)."""
    return (cells.is_not_null() if "%z" in form else cells.str.contains(ZONE).fill_null(False)).to_numpy()


def offset(zone: str) -> float:
    """Seconds that the clock of a zone is ahead of UTC.

    >>> offset("+02:00"), offset("-03:30"), offset("")
    (7200.0, -12600.0, 0.0)
    """
    hours, minutes = int(zone[1:3] or 0), int(zone[4:6] or 0)
    return float((3600 * hours + 60 * minutes) * (-1 if zone.startswith("-") else 1))


def parsed(cells: pl.Series, form: str) -> np.ndarray:
    """The cells of one column as times. Shape: float64 (n,)."""
    if form in UNIX or form == "number":
        return cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy() * UNIX.get(form, 1.0)
    if form == "quarter":
        year, quarter = (cells.str.extract(QUARTER, group).cast(pl.Float64) for group in (1, 2))
        return _moments(year.to_numpy(), quarter.to_numpy() * 3 - 2, np.ones(len(cells)))
    if form == "week":
        cells, form = cells.str.replace(WEEK, "$1-W$2-1"), "%G-W%V-%u"
    return seconds(*completed(cells, form))


def completed(cells: pl.Series, form: str) -> tuple[pl.Series, str]:
    """Cells and form with the first month, day and minute added, where they name none."""
    if form and not any(sign in form for sign in ("%d", "%j", "%e", "%u", "%D", "%F")):
        if not any(sign in form for sign in ("%m", "%b", "%B")):
            cells, form = cells + " 01", form + " %m"
        cells, form = cells + " 01", form + " %d"
    if "%H" in form and "%M" not in form:
        cells, form = cells + " 00", form + " %M"
    return cells, form


def _joined(parts: dict[str, pl.Series]) -> np.ndarray:
    values = {name: cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy() for name, cells in parts.items()}
    one = np.ones(len(values["year"]))
    days = _moments(values["year"], values.get("month", one), values.get("day", one))
    clock = sum(
        (values[name] * size for name, size in (("hour", 3600.0), ("minute", 60.0), ("second", 1.0)) if name in values), 0.0
    )
    return days + clock


def _moments(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The beginning of a day, NaN where the calendar has no such day."""
    good = np.isfinite(year + month + day) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("M8[M]")
    days = months.astype("M8[D]") + np.where(good, day - 1, 0).astype(np.int64)
    good &= days.astype("M8[M]") == months
    return np.where(good, days.astype("M8[s]").astype(np.int64).astype(float), np.nan)


def as_cells(times: np.ndarray, clock: Sequence[Column]) -> list[str]:
    """Times as the columns of a clock have them; where they are several, in one cell."""
    return written(times, clock[0].format if len(clock) == 1 else "", clock[0].zone)


def written(times: np.ndarray, form: str, zone: str = "") -> list[str]:
    """Times as the data writes them: ISO 8601 where the form has no inverse, or where they have a zone.

    >>> written(np.array([0.0, 86400.0]), ""), written(np.array([0.0]), "%Y-%m"), written(np.array([90.5]), "number")
    (['1970-01-01', '1970-01-02'], ['1970-01'], ['90.5'])
    >>> written(np.array([0.0]), "%d.%m.%Y %H:%M:%S%z", "+02:00")
    ['1970-01-01 00:00:00+02:00']
    """
    if form in UNIX or form == "number":
        return [f"{value / UNIX.get(form, 1.0):.15g}" for value in times.tolist()]
    moments = pl.Series(np.rint(times * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    if zone:
        return (moments.dt.strftime("%Y-%m-%d %H:%M:%S") + zone).to_list()
    if form and form not in (*PARTS, "quarter", "week") and "%z" not in form:
        return moments.dt.strftime(form.replace("%.f", "%.3f")).to_list()
    if form == "quarter":
        return [f"{year}-Q{quarter}" for year, quarter in zip(moments.dt.year(), moments.dt.quarter(), strict=True)]
    whole = len(times) and bool((times % 86_400 == 0).all())
    return moments.dt.strftime("%Y-%m-%d" if whole else "%Y-%m-%d %H:%M:%S").to_list()
