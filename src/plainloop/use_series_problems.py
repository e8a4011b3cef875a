"""Problems of a finished run of time series at work: what is to be forecast. See problems.py for the form."""

from __future__ import annotations

from dataclasses import dataclass

from .plain.faults import shorten
from .problems import Notice, PlainloopError, listed, quoted


@dataclass(eq=False)
class BadOrigin(PlainloopError):
    """A past origin that is no time of the data, or is asked of a run that is no forecast.

    What it does: refuses an --origin that cannot be read as a time, or lies outside the times of the data.
    Why: a forecast begins right after its origin, and needs a whole look-back before it.
    Example: `plainloop predict runs/power-1 power.csv --origin 2031-01-01` where the data ends in 2018
    Fix: a time within the data; without --origin the forecast begins after the last row.
    """

    run: str
    file: str
    given: str
    found: str
    span: str = ""  # the times there are, as "2016-07-01 to 2018-06-26"

    def __post_init__(self) -> None:
        self.what = f"--origin {shorten(self.given)}: {self.found}."
        self.expected = (
            f"Expected times from {self.span}, several with commas." if self.span else "Expected a run that forecasts steps."
        )
        self.why = "A forecast begins with the step after its origin."
        self.fix = f"leave it out: plainloop predict {quoted(self.run)} {quoted(self.file)}"

    @classmethod
    def example(cls) -> BadOrigin:
        return cls("runs/power-1", "power.csv", "2031-01-01", "the data ends before", "2016-07-01 to 2018-06-26")


@dataclass(eq=False)
class NothingAhead(PlainloopError):
    """No series is long enough to be forecast.

    What it does: refuses data in which no series has the whole look-back that the model sees.
    Why: steps made up in front of a series would be forecast from, too.
    Example: ten new rows, for a model that sees the last 336.
    Fix: give the history along with the new rows, or train a model with a shorter --lookback.
    """

    run: str
    file: str
    longest: int
    lookback: int

    def __post_init__(self) -> None:
        have = f"the longest series has {self.longest} steps with a target" if self.longest else "no series has a target"
        self.what = f"Nothing can be forecast from {self.file}: {have}."
        self.expected = f"Expected the {self.lookback} steps that the model sees, before the first one it predicts."
        self.why = "Steps made up in front of a series would be forecast from, too."
        self.fix = f"put the history before the new rows, then: plainloop predict {quoted(self.run)} {quoted(self.file)}"

    @classmethod
    def example(cls) -> NothingAhead:
        return cls("runs/power-1", "new.csv", 10, 336)


@dataclass(eq=False)
class OtherSteps(PlainloopError):
    """Data whose rows lie on other steps than those of the training data.

    What it does: refuses to forecast daily rows by a model of hours, or the other way round.
    Why: the model takes its 24th input to be one certain time ago.
    Example: `plainloop predict runs/power-1 daily.csv` where the run has learned from hours
    Fix: bring the rows to the steps of the training data.
    """

    run: str
    file: str
    frequency: str
    found: str

    def __post_init__(self) -> None:
        self.what = f"The rows of {self.file} {self.found}."
        self.expected = f"Expected a row every {self.frequency}, as in the data that {self.run} was trained on."
        self.why = "The model takes each step to be that long."
        self.fix = f"bring the rows to steps of {self.frequency}, or train on this file: plainloop inspect {quoted(self.file)}"

    @classmethod
    def example(cls) -> OtherSteps:
        return cls("runs/power-1", "daily.csv", "1h", "fill only 4% of the steps between the first and the last")


@dataclass
class SeriesWithoutForecast(Notice):
    """Series too short to be forecast.

    What it does: leaves out series that have fewer known steps than the model sees; the others are forecast.
    Why: steps made up in front of a series would be forecast from, too.
    Example: a shop that opened last week.
    Fix: wait for more steps, or train a model with a shorter --lookback.
    """

    names: list[str]
    total: int
    lookback: int

    def __post_init__(self) -> None:
        shown = listed([shorten(name) for name in self.names], 5)
        self.what = f"{len(self.names)} of {self.total} series are shorter than {self.lookback} steps: {shown}."
        self.expected = "Expected the whole look-back of the model."
        self.why = "They have no forecast."
        self.fix = "train a model with a shorter --lookback"

    @classmethod
    def example(cls) -> SeriesWithoutForecast:
        return cls(["Oslo | tea"], 40, 84)


@dataclass
class FutureUnknown(Notice):
    """Columns that were said to be known ahead, without values ahead.

    What it does: forecasts all the same, with the last known value in their place.
    Why: the model has learned from true values of the coming steps; with others it is less certain than its intervals say.
    Example: a file that ends with the last sale, for a model that was trained with --future price
    Fix: rows for the coming steps, with these columns and an empty target.
    """

    columns: list[tuple[str, int, int]]  # column, steps ahead without a value, steps ahead
    target: str

    def __post_init__(self) -> None:
        said = "; ".join(f"{shorten(name)}: {count} of {total}" for name, count, total in self.columns)
        self.what = f"Steps ahead without a value of columns that should be known there: {said}."
        self.expected = f"Expected rows for the coming steps, with an empty {self.target}."
        self.why = "The last known value stands in their place; the intervals do not know of that."
        self.fix = "add rows for the coming steps to the file"

    @classmethod
    def example(cls) -> FutureUnknown:
        return cls([("price", 28, 28)], "units")


@dataclass
class RowsWithoutTime(Notice):
    """Rows whose time cannot be read.

    What it does: leaves out rows of the data to forecast whose time is empty or has another form than in the training data.
    Why: nobody knows where in the series they belong.
    Example: a last line of sums.
    Fix: write the times as they are in the training data.
    """

    file: str
    count: int
    rows: int

    def __post_init__(self) -> None:
        self.what = f"{self.count} of {self.rows} rows of {self.file} have no time of the form of the training data."
        self.expected = "Expected a time in every row."
        self.why = "They are left out."
        self.fix = "write the times as they are in the training data"

    @classmethod
    def example(cls) -> RowsWithoutTime:
        return cls("power.csv", 1, 8760)


@dataclass
class OtherLengths(Notice):
    """New series that are not as long as those that a model was trained on.

    What it does: counts the series whose length no train row had: any other one where all were equally long, longer ones else.
    Why: longer ones are cut and zeros stand behind shorter ones, of which the model has seen nothing.
    Example: series of 20 steps for a model of gestures of 150.
    Fix: series of the length of the train rows.
    """

    file: str
    count: int
    rows: int
    length: int
    shortest: int
    longest: int

    def __post_init__(self) -> None:
        self.what = (
            f"{self.count} of {self.rows} series in {self.file} have a length that no train row had: "
            f"{self.shortest} to {self.longest} steps, and the longest train row has {self.length}."
        )
        self.expected = f"Expected series of {self.length} steps, as the model was trained on."
        self.why = "Longer ones are cut, and zeros stand behind shorter ones."
        self.fix = f"bring the series to {self.length} steps, or train on series of these lengths"

    @classmethod
    def example(cls) -> OtherLengths:
        return cls("gestures.ts", 2, 40, 150, 2, 150)
