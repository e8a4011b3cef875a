"""What is repaired in a series, and what should be known of it; told by look_series.py, which refuses by series_problems.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..problems import Notice, command, listed


@dataclass
class TimesSorted(Notice):
    """Rows that were not in the order of time.

    What it does: sorts the rows of each series by time.
    Why: a look-back is made of the steps before a step.
    Example: a file with the newest row first.
    Fix: nothing has to be done.
    """

    kind = "repair"
    data: str
    target: list[str]
    column: str
    count: int
    first: str

    def __post_init__(self) -> None:
        rows = f'{self.count:,} rows in "{self.column}" are' if self.count > 1 else f'One row in "{self.column}" is'
        self.what = f"{rows} earlier than the row before, the first in {self.first}; sorted."
        self.expected = "Expected rows in the order of time."
        self.fix = "nothing has to be done; to take the rows as they stand: --frequency rows without --time"

    @classmethod
    def example(cls) -> TimesSorted:
        return cls("power.csv", ["load"], "date", 1, "line 4012")


@dataclass
class TimesRepeated(Notice):
    """Times that have more than one row.

    What it does: puts the rows of one time together: numbers are averaged, of words the last is taken.
    Why: a series has one value per step. Clocks that are set back in autumn give an hour twice.
    Example: two rows for 2024-10-27 02:00.
    Fix: remove one of them from the file.
    """

    kind = "repair"
    data: str
    target: list[str]
    column: str
    count: int
    equal: int
    first: str

    def __post_init__(self) -> None:
        alike = f"; in {self.equal:,} the rows are equal" if self.equal else ""
        times = f'{self.count:,} times in "{self.column}" have' if self.count > 1 else f'One time in "{self.column}" has'
        self.what = f"{times} several rows, the first {self.first}{alike}."
        self.expected = "Expected one row for each time; their numbers are averaged."
        self.fix = f"remove one of the rows from {self.data}, or with --frequency rows keep each row as a step"

    @classmethod
    def example(cls) -> TimesRepeated:
        return cls("power.csv", ["load"], "date", 2, 1, "2024-10-27 02:00")


@dataclass
class StepsMissing(Notice):
    """Steps of the clock without a row.

    What it does: adds the missing steps without values: a model sees the last known value there, and is not judged by them.
    Why: without them the steps after a gap would seem nearer than they are.
    Example: a day on which nothing was measured.
    Fix: nothing has to be done; with --frequency rows the rows stay as they are.
    """

    kind = "repair"
    data: str
    target: list[str]
    column: str
    frequency: str
    count: int
    steps: int
    gaps: list[tuple[str, str, int]]  # the last time before, the first after, steps between

    def __post_init__(self) -> None:
        shown = ", ".join(f"{count} after {before}" for before, _, count in self.gaps[:3])
        more = ", ..." if len(self.gaps) > 3 else ""
        have = "have" if self.count > 1 else "has"
        self.what = f'{self.count:,} of {self.steps:,} steps of {self.frequency} {have} no row in "{self.column}": {shown}{more}.'
        self.expected = "Expected a row for each step; they are added without values."
        again = command("train", self.data, self.target, "--frequency", "rows")
        self.fix = f"nothing has to be done; to take the rows as they stand: {again}"

    @classmethod
    def example(cls) -> StepsMissing:
        return cls("power.csv", ["load"], "date", "10min", 9, 52705, [("2020-06-01 10:00", "2020-06-01 11:40", 9)])


@dataclass
class TimesMoved(Notice):
    """Times that lie beside the steps of the clock.

    What it does: counts such a row to the nearest step.
    Why: clocks drift, and loggers write a second late.
    Example: 10:00:02 among times on the full hour.
    Fix: nothing has to be done; with --frequency rows the rows stay as they are.
    """

    kind = "repair"
    data: str
    target: list[str]
    column: str
    frequency: str
    count: int
    first: str

    def __post_init__(self) -> None:
        times = f'{self.count:,} times in "{self.column}" lie' if self.count > 1 else f'One time in "{self.column}" lies'
        self.what = f"{times} beside the steps of {self.frequency}, the first {self.first}."
        self.expected = "Expected times on the steps; these count to the nearest one."
        self.fix = "nothing has to be done; --frequency rows takes the rows as they stand"

    @classmethod
    def example(cls) -> TimesMoved:
        return cls("power.csv", ["load"], "date", "1h", 12, "2024-03-01 10:00:02")


@dataclass
class SentinelsFound(Notice):
    """Numbers that stand for "no value".

    What it does: reads numbers such as -9999, -999 or -200 as missing, where they lie far from all others of their column.
    Why: taken for values they would move mean and scale of the whole series.
    Example: -9999 among temperatures.
    Fix: to keep them as numbers: --missing keep:-9999.
    """

    kind = "repair"
    data: str
    target: list[str]
    found: list[tuple[str, str, int]]  # column, word, rows

    def __post_init__(self) -> None:
        shown = ", ".join(f'{word} in "{column}" ({count:,})' for column, word, count in self.found[:6])
        more = f" and {len(self.found) - 6} more" if len(self.found) > 6 else ""
        self.what = f"Read as missing, for they lie far from all other values: {shown}{more}."
        self.expected = "Expected empty cells where there is no value."
        words = ",".join(dict.fromkeys(f"keep:{word}" for _, word, _ in self.found))
        self.fix = f"to keep them as numbers: {command('train', self.data, self.target, '--missing', words)}"

    @classmethod
    def example(cls) -> SentinelsFound:
        return cls("weather.csv", ["OT"], [("OT", "-9999.0", 50)])


@dataclass
class EmptyRows(Notice):
    """Rows that are left out of a series because they hold nothing.

    What it does: leaves out rows without any value, and those without a time that --skip-bad allows.
    Why: spreadsheets write empty rows behind the data.
    Example: 114 rows of semicolons at the end.
    Fix: nothing has to be done.
    """

    kind = "repair"
    data: str
    count: int
    empty: int
    first: str

    def __post_init__(self) -> None:
        bad = f", {self.count - self.empty:,} without a time" if self.count > self.empty else ""
        rows = f"{self.count:,} rows are" if self.count > 1 else "One row is"
        self.what = f"{rows} left out: {self.empty:,} empty{bad}, the first in {self.first}."
        self.expected = "Expected a time and a value in every row."
        self.fix = "nothing has to be done"

    @classmethod
    def example(cls) -> EmptyRows:
        return cls("air.csv", 114, 114, "line 9359")


@dataclass
class RowsAreSteps(Notice):
    """A series without times.

    What it does: takes each row as one step, in the order of the file.
    Why: no column holds times, or --frequency rows asks for it.
    Example: a file of exchange rates without dates.
    Fix: name the column of the times with --time.
    """

    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f"No column of {self.data} holds times: each row is taken as one step, in the order of the file."
        self.expected = "Expected a column of times; it would show missing steps, the season and the time of a forecast."
        column = next((name for name in self.columns if name not in self.target), "")
        one = f"if there is one: {command('train', self.data, self.target, '--time', column)}"
        self.fix = one if column else "nothing has to be done"

    @classmethod
    def example(cls) -> RowsAreSteps:
        return cls("rates.txt", ["7"], ["0", "1"])


@dataclass
class DateOrderChosen(Notice):
    """Dates that can be read day first or month first.

    What it does: reads them in the order that gives regular steps.
    Why: 3/4/2024 is the 3rd of April or the 4th of March; in the wrong order the rows jump.
    Example: 1/2/2024, 2/2/2024, 3/2/2024, ...
    Fix: nothing has to be done; to read them the other way: --date-format.
    """

    data: str
    target: list[str]
    column: str
    form: str
    other: str
    example_word: str

    def __post_init__(self) -> None:
        self.what = f'The dates in "{self.column}", such as {self.example_word}, are read as {self.form}: so steps are regular.'
        self.expected = "Expected dates that only one order of day and month can read."
        self.why = f"Every cell could also be read as {self.other}."
        again = command("train", self.data, self.target, "--time", self.column, "--date-format", self.other)
        self.fix = f"nothing has to be done; to read them as {self.other}: {again}"

    @classmethod
    def example(cls) -> DateOrderChosen:
        return cls("power.csv", ["load"], "date", "%d/%m/%Y", "%m/%d/%Y", "3/4/2024")


@dataclass
class TimesInUtc(Notice):
    """Times with different time zones.

    What it does: reads times whose offsets from UTC differ, such as +01:00 and +02:00, as what they are in UTC, and writes those
    of a forecast with +00:00. Where all have one offset, nothing is changed: a forecast is written with it.
    Why: in UTC each step is as long as the others; clocks that are set back or forward repeat or skip an hour.
    Example: 2021-03-25T00:00:00+01:00 is 2021-03-24 23:00:00+00:00.
    Fix: nothing has to be done.
    """

    kind = "repair"
    column: str
    zones: list[str]
    word: str
    read: str

    def __post_init__(self) -> None:
        zones = f"{', '.join(self.zones[:-1])} and {self.zones[-1]}"
        self.what = f'Times in "{self.column}" have different zones, {zones}: read in UTC; {self.word} is {self.read}.'
        self.expected = "Expected times of one zone, or without any; those are taken as they stand."
        self.fix = "nothing has to be done; the times of a forecast are in UTC, too, and say so"

    @classmethod
    def example(cls) -> TimesInUtc:
        return cls("date", ["+01:00", "+02:00"], "2021-03-25T00:00:00+01:00", "2021-03-24 23:00:00+00:00")


@dataclass
class TargetGaps(Notice):
    """Missing values of the target.

    What it does: counts steps without a target; they train and judge nothing, and a look-back sees the last known value there.
    Why: filling them in would teach the model what was filled in.
    Example: a sensor that was off for a week.
    Fix: nothing has to be done.
    """

    data: str
    target: list[str]
    found: list[tuple[str, int, int]]  # column, missing, steps

    def __post_init__(self) -> None:
        shown = ", ".join(f'"{name}" {count:,} of {steps:,} ({count / steps:.1%})' for name, count, steps in self.found[:5])
        self.what = f"Steps without a value of the target: {shown}."
        self.expected = "Expected a value in every step; those without train nothing and judge nothing."
        self.fix = "nothing has to be done; where a number means zero rather than missing, write it into the file"

    @classmethod
    def example(cls) -> TargetGaps:
        return cls("air.csv", ["pm2.5"], [("pm2.5", 2067, 43824)])


@dataclass
class ShortSeries(Notice):
    """Series that are too short for a window.

    What it does: leaves out series that are shorter than look-back and horizon together.
    Why: they have no place for one window.
    Example: a shop that opened last week.
    Fix: a shorter --lookback keeps more of them.
    """

    data: str
    target: list[str]
    names: list[str]
    total: int
    needed: int
    lookback: int

    def __post_init__(self) -> None:
        short = f"{len(self.names)} of {self.total} series are shorter than {self.needed} steps"
        self.what = f"{short} and left out: {listed(self.names, 5)}."
        self.expected = "Expected look-back and horizon in every series."
        self.fix = command("train", self.data, self.target, "--lookback", str(max(1, self.lookback // 2)))

    @classmethod
    def example(cls) -> ShortSeries:
        return cls("sales.csv", ["units"], ["7 | milk"], 50, 112, 84)


@dataclass
class NotOverTime(Notice):
    """Columns that a forecast does not use.

    What it does: names columns that are neither numbers nor words of a small set.
    Why: a model of series sees numbers over time.
    Example: a column of remarks.
    Fix: nothing has to be done.
    """

    data: str
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f"Not used by the forecast: {listed(self.columns)}."
        self.expected = "Expected numbers over time, or words of which there are few."
        self.fix = "nothing has to be done"

    @classmethod
    def example(cls) -> NotOverTime:
        return cls("power.csv", ["remark"])


@dataclass
class CouldForecast(Notice):
    """A number target in a table with a time column, learned row by row.

    What it does: says that --time alone splits by time, and which option forecasts.
    Why: regression predicts a row from its own cells; a forecast predicts coming steps from those before.
    Example: --time date without --horizon.
    Fix: add --horizon to forecast.
    """

    kind = "hint"
    data: str
    target: list[str]
    time: str

    def __post_init__(self) -> None:
        self.expected = "Expected that, or --horizon for a forecast."
        self.what = "Each row is predicted from its own cells; --time only puts the latest rows into the test part."
        self.why = "To predict the steps that come, from those before, a horizon is needed."
        self.fix = f"to forecast: {command('train', self.data, self.target, '--time', self.time, '--horizon', '24')}"

    @classmethod
    def example(cls) -> CouldForecast:
        return cls("power.csv", ["load"], "date")
