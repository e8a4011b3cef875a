"""Data that plainloop makes itself, so that `plainloop train dates` works on any machine. Called by look.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

from ..plain.checkpoint import write_file

FORMS = (
    "the {day}{th} of {Month} {year}",
    "{Month} {day}{th}, {year}",
    "{Weekday}, {day} {Month} {year}",
    "{day} {Mon} {year}",
    "{Mon} {day}, {year}",
    "{day}.{month}.{year}",
    "{day:02}/{month:02}/{year}",
    "{Weekday} the {day}{th} of {Month}, {year}",
    "{day} {Month} '{short:02}",
    "{year}, {Month} {day}",
)
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
FIRST, LAST = date(1930, 1, 1), date(2029, 12, 31)  # a hundred years, so that two digits name one of them
DATES = 12_000


def dates(count: int = DATES, seed: int = 0) -> list[tuple[str, str]]:
    """Days as people write them, and in ISO form; no writing twice.

    >>> dates(2)
    [('10 Aug 1985', '1985-08-10'), ('14 December 1983', '1983-12-14')]
    """
    random = Random(seed)
    made: dict[str, str] = {}
    while len(made) < count:
        day = FIRST + timedelta(random.randrange((LAST - FIRST).days + 1))
        month = MONTHS[day.month - 1]
        written = random.choice(FORMS).format(
            day=day.day,
            month=day.month,
            year=day.year,
            short=day.year % 100,
            Month=month,
            Mon=month[:3],
            th=ordinal(day.day),
            Weekday=WEEKDAYS[day.weekday()],
        )
        made[random.choice((written, written, written.lower(), written.upper()))] = day.isoformat()
    return list(made.items())


def ordinal(day: int) -> str:
    """
    >>> [ordinal(day) for day in (1, 2, 3, 4, 11, 22)]
    ['st', 'nd', 'rd', 'th', 'th', 'nd']
    """
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def write_dates(folder: Path) -> tuple[str, str]:
    """Writes dates.tsv into a folder; the file, and its column to learn."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dates.tsv"
    write_file(path, "\n".join(["written\tiso", *("\t".join(pair) for pair in dates())]) + "\n")
    return str(path), "iso"


# what `plainloop train NAME` makes where no such file is -> the function that writes it
GENERATED: dict[str, Callable[[Path], tuple[str, str]]] = {"dates": write_dates}
