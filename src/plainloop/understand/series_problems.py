"""What can be wrong with the times and the length of a series. Raised by look_series.py; the repairs are in series_notices.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plain.faults import shorten
from ..problems import PlainloopError, command, listed, trying


@dataclass(eq=False)
class SeriesInRows(PlainloopError):
    """A table with a series in each row, and a column for each step.

    What it does: refuses to forecast from such a table, and gives the line that turns it round.
    Why: a forecast is learned from a column of values, in which each row is a step.
    Example: the files of the M4 contest, V1 with the names and V2, V3, ... with the steps.
    Fix: a table with a row for each step of each series.
    """

    data: str
    name: str  # the column that names the series
    others: list[str]
    steps: list[str]
    dated: bool  # the names of the steps are times
    horizon: str

    def __post_init__(self) -> None:
        one, last = shorten(self.steps[0]), shorten(self.steps[-1])
        self.what = f"{self.data} has a series in each row: {len(self.steps)} steps, the columns {one} to {last}."
        self.expected = "Expected a row for each step, and the values in one column."
        long = str(Path(self.data).with_name(f"long-{Path(self.data).name.partition('.')[0]}.csv"))
        turned = (
            f"import polars; polars.read_csv({self.data!r}, infer_schema=False)"
            f".unpivot(index={self.others!r}, variable_name='step').drop_nulls('value').write_csv({long!r})"
        )
        horizon = ("--horizon", self.horizon) if self.horizon else ()
        time = ("--time", "step") if self.dated else ()
        again = command("train", long, ["value"], "--group", self.name, *time, *horizon)
        self.fix = f'python -c "{turned}", then: {again}'

    @classmethod
    def example(cls) -> SeriesInRows:
        return cls("m4.csv", "V1", ["V1"], ["V2", "V3"], False, "6")


@dataclass(eq=False)
class NoTimes(PlainloopError):
    """A time column whose cells are no times.

    What it does: refuses a --time column that no known form of dates reads.
    Why: without the times nobody knows which row comes first, and how far two rows lie apart.
    Example: --time station, a column of names.
    Fix: name the column of the times, or their form with --date-format; with --frequency rows each row is a step as it stands.
    """

    data: str
    target: list[str]
    columns: list[str]
    examples: list[str]

    def __post_init__(self) -> None:
        shown = ", ".join(shorten(word) for word in self.examples[:3])
        several = len(self.columns) > 1
        self.what = (
            f"Column{'s' if several else ''} {listed(self.columns)}: no known form of dates reads the cells, such as {shown}."
        )
        self.expected = (
            "Expected times such as 2024-01-31 13:00, 31/01/2024, 2024-01, 1706706000 (Unix), or year, month and day apart."
        )
        self.why = "Without times nobody knows which row comes first."
        options = ("--time", ",".join(self.columns), "--date-format", "%d/%m/%Y %H:%M")
        self.fix = f"{command('train', self.data, self.target, *options)}, with the form of your dates"

    @classmethod
    def example(cls) -> NoTimes:
        return cls("power.csv", ["load"], ["station"], ["north", "south"])


@dataclass(eq=False)
class BadTimes(PlainloopError):
    """Rows without a time that can be read.

    What it does: refuses rows whose time is empty or no time, unless --skip-bad allows to leave them out; empty rows go silently.
    Why: nobody knows where in the series such a row belongs.
    Example: line 17 says "2024-02-30".
    Fix: correct the lines, or leave them out with --skip-bad N.
    """

    data: str
    target: list[str]
    columns: list[str]
    places: list[tuple[str, str]]  # place, what stands there
    count: int
    rows: int

    def __post_init__(self) -> None:
        shown = ", ".join(f"{place} {shorten(word) if word else '(empty)'}" for place, word in self.places[:5])
        more = ", ..." if self.count > len(self.places[:5]) else ""
        self.what = f"{self.count} of {self.rows} rows have no time in {listed(self.columns)}: {shown}{more}."
        self.expected = "Expected a time in every row, all in one form."
        self.why = "Nobody knows where in the series such a row belongs."
        again = command(trying(), self.data, self.target, "--time", ",".join(self.columns), "--skip-bad", str(self.count))
        self.fix = f"correct the lines, or leave them out: {again}"

    @classmethod
    def example(cls) -> BadTimes:
        return cls("power.csv", ["load"], ["date"], [("line 17", "2024-02-30")], 1, 8760)


@dataclass(eq=False)
class UnclearClock(PlainloopError):
    """More than one column of times.

    What it does: refuses to guess which of several columns orders the rows of a forecast.
    Why: by another clock the rows have another order and other neighbours.
    Example: "ordered" and "delivered".
    Fix: name one with --time.
    """

    data: str
    target: list[str]
    columns: list[str]

    def __post_init__(self) -> None:
        self.what = f"{len(self.columns)} columns hold times: {listed(self.columns)}."
        self.expected = "Expected one clock that orders the rows."
        self.why = "By another clock the rows have another order."
        self.fix = command(trying(), self.data, self.target, "--time", self.columns[0])

    @classmethod
    def example(cls) -> UnclearClock:
        return cls("orders.csv", ["units"], ["ordered", "delivered"])


@dataclass(eq=False)
class IrregularTimes(PlainloopError):
    """Times without a common step.

    What it does: refuses times of which most do not lie on the steps of one clock; they are brought to one only when asked.
    Why: a model of steps takes the 24th value ahead to be one certain time ahead.
    Example: a row for every event, seconds or days apart.
    Fix: bring them to a frequency with --resample, or take the rows as steps with --frequency rows.
    """

    data: str
    target: list[str]
    column: str
    common: str
    share: float
    shortest: str
    longest: str
    frequency: str

    def __post_init__(self) -> None:
        self.what = (
            f'The times in "{self.column}" have no common step: the most frequent is {self.common} '
            f"({self.share:.0%} of the steps), from {self.shortest} to {self.longest}."
        )
        self.expected = "Expected one row for each step of a clock; single missing steps are filled in."
        self.why = "Irregular rows are put together only when asked: another step makes another series."
        resample = ("--resample", "mean", "--frequency", self.frequency)
        again = command(trying(), self.data, self.target, "--time", self.column, *resample)
        self.fix = f"{again} (with the frequency named rows alone, each row is a step)"

    @classmethod
    def example(cls) -> IrregularTimes:
        return cls("events.csv", ["load"], "time", "7 s", 0.04, "1 s", "3.2 h", "1h")


@dataclass(eq=False)
class RepeatedTimes(PlainloopError):
    """Many rows of one time with different values.

    What it does: refuses a series in which more than one in a hundred times has several rows that differ.
    Why: such a file holds several series; their mean would be none of them.
    Example: a row for each shop and day.
    Fix: name the columns that tell the series apart with --group, or put the rows together with --resample.
    """

    data: str
    target: list[str]
    column: str
    count: int
    times: int
    first: tuple[str, list[str]]  # the time, and where its rows stand
    groups: list[str]  # columns that tell the rows apart

    def __post_init__(self) -> None:
        time, places = self.first
        self.what = (
            f'{self.count} of {self.times} times in "{self.column}" have several rows with different values; '
            f"{time} stands in {' and '.join(places[:3])}."
        )
        self.expected = "Expected one row for each time, or columns that tell the series apart."
        self.why = "Rows of different series, put together, make a series that does not exist."
        options = ("--group", ",".join(self.groups)) if self.groups else ("--resample", "mean")
        self.fix = command(trying(), self.data, self.target, "--time", self.column, *options)

    @classmethod
    def example(cls) -> RepeatedTimes:
        return cls("sales.csv", ["units"], "day", 365, 365, ("2024-01-01", ["line 2", "line 3"]), ["store", "item"])


@dataclass(eq=False)
class RowsWithinSteps(PlainloopError):
    """A frequency that is coarser than the rows.

    What it does: refuses a --frequency whose steps hold several rows, unless --resample says how to put them together.
    Why: the mean of prices and the sum of sales are right; the other way round they are wrong.
    Example: hourly rows with --frequency 1d.
    Fix: add --resample mean, sum or last.
    """

    data: str
    target: list[str]
    column: str
    frequency: str
    found: str

    def __post_init__(self) -> None:
        self.what = f'Steps of {self.frequency} hold several rows: the rows of "{self.column}" are {self.found or "less"} apart.'
        self.expected = "Expected the frequency of the rows, or a way to put them together."
        self.why = "Prices are averaged, sales are added up; which of them these are cannot be known."
        options = ("--frequency", self.frequency, "--resample", "mean")
        self.fix = command(trying(), self.data, self.target, "--time", self.column, *options)

    @classmethod
    def example(cls) -> RowsWithinSteps:
        return cls("power.csv", ["load"], "date", "1d", "1h")


@dataclass(eq=False)
class BadFrequency(PlainloopError):
    """A --frequency that is none.

    What it does: refuses a word that names no step of time.
    Why: the steps between rows decide what a horizon means.
    Example: --frequency fortnight
    Fix: write a number and a unit: 15min, 1h, 1d, 1b (weekdays), 1w, 1mo, 3mo, 1y; or rows.
    """

    data: str
    target: list[str]
    given: str

    def __post_init__(self) -> None:
        self.what = f"--frequency {self.given} is no step of time."
        self.expected = "Expected a number and a unit, as 30s, 15min, 1h, 1d, 1b (weekdays), 1w, 1mo, 1y; or rows."
        self.fix = command(trying(), self.data, self.target, "--frequency", "1h")

    @classmethod
    def example(cls) -> BadFrequency:
        return cls("power.csv", ["load"], "fortnight")


@dataclass(eq=False)
class SeriesTooShort(PlainloopError):
    """Too few steps for look-back and horizon.

    What it does: refuses data in which a part of the split has not one window.
    Why: a window is a look-back and a whole horizon; the horizon has to lie within its part.
    Example: 60 steps with --horizon 24.
    Fix: a shorter --horizon or --lookback, or other shares.
    """

    data: str
    target: list[str]
    steps: int
    lookback: int
    horizon: int
    part: str
    part_steps: int
    options: list[str]

    def __post_init__(self) -> None:
        self.what = (
            f"The {self.part} part has {self.part_steps} of {self.steps} steps and holds no window of "
            f"{self.lookback} steps before and {self.horizon} steps ahead."
        )
        self.expected = "Expected at least one window in each part; its whole horizon lies in the part."
        self.why = "Without one there is nothing to learn from, or nothing to judge by."
        self.fix = command(trying(), self.data, self.target, *self.options)

    @classmethod
    def example(cls) -> SeriesTooShort:
        return cls("sales.csv", ["units"], 60, 48, 24, "validation", 9, ["--horizon", "6", "--lookback", "12"])


@dataclass(eq=False)
class BadSplitRows(PlainloopError):
    """A --split-rows that does not fit.

    What it does: refuses anything but three numbers of time steps that the data has: train, validation, test.
    Why: steps that are not there cannot be a part.
    Example: --split-rows 8640,2880 for a file of 17,420 rows
    Fix: three numbers whose sum is at most the number of steps.
    """

    data: str
    target: list[str]
    given: str
    steps: int

    def __post_init__(self) -> None:
        self.what = f"--split-rows {self.given} does not divide {self.steps:,} time steps."
        self.expected = "Expected three whole numbers, train,validation,test, that add up to no more than the steps of the data."
        train, test = int(self.steps * 0.7), int(self.steps * 0.2)
        self.fix = command(trying(), self.data, self.target, "--split-rows", f"{train},{self.steps - train - test},{test}")

    @classmethod
    def example(cls) -> BadSplitRows:
        return cls("power.csv", ["load"], "8640,2880", 17420)


@dataclass(eq=False)
class PartsOfSeries(PlainloopError):
    """A file of its own for validation or test rows of a forecast.

    What it does: refuses --validation and --test files where a series is forecast.
    Why: the parts of a series follow one another; the look-back of the first test window lies in the train rows.
    Example: --test power2018.csv
    Fix: name all files as the data, and say with --split-rows how many steps train, validate and test.
    """

    data: str
    target: list[str]
    options: list[str]

    def __post_init__(self) -> None:
        self.what = f"{' and '.join(self.options)} cannot name a file where a series is forecast."
        self.expected = "Expected all steps as the data, and the split by time."
        self.why = "The look-back of the first test window lies in the steps before it."
        self.fix = f"{command('train', self.data, self.target, '--split-rows', '8640,2880,2880')}, after the names of all files"

    @classmethod
    def example(cls) -> PartsOfSeries:
        return cls("power2017.csv", ["load"], ["--test"])


@dataclass(eq=False)
class NotForForecasts(PlainloopError):
    """An option that forecasts do not have.

    What it does: refuses a combination of options that contradict one another where a series is forecast.
    Why: one of them would be without effect.
    Example: --split random with --horizon 24
    Fix: leave one out.
    """

    data: str
    target: list[str]
    given: str
    reason: str
    options: list[str]

    def __post_init__(self) -> None:
        self.what = f"{self.given}: {self.reason}."
        self.expected = "Expected options of a forecast: its parts follow one another in time."
        self.fix = command(trying(), self.data, self.target, *self.options)

    @classmethod
    def example(cls) -> NotForForecasts:
        return cls(
            "power.csv",
            ["load"],
            "--split random",
            "rows drawn at random would show the model its own future",
            ["--horizon", "24"],
        )
