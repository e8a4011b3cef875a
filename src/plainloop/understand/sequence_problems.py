"""What can be wrong with whole series that are classified. Raised by look_sequences.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed


@dataclass(eq=False)
class NotOneSeries(PlainloopError):
    """A label that changes within a series.

    What it does: refuses a long table in which the rows of one series have different labels.
    Why: a whole series has one answer.
    Example: series 17 is "walking" in some rows and "running" in others.
    Fix: name the column that tells the series apart.
    """

    data: str
    target: list[str]
    series: str
    column: str
    name: str

    def __post_init__(self) -> None:
        self.what = f'The rows of series {shorten(self.name)} (column "{self.series}") have different values of "{self.column}".'
        self.expected = "Expected one label for each series."
        self.why = "A whole series has one answer; a value for each step is a forecast or a regression."
        self.fix = (
            f"name the column that tells the series apart: {command('train', self.data, self.target, '--series', self.series)}"
        )

    @classmethod
    def example(cls) -> NotOneSeries:
        return cls("moves.csv", ["activity"], "person", "activity", "17")


@dataclass(eq=False)
class NoSeriesColumns(PlainloopError):
    """A long table without a column of numbers that change over a series.

    What it does: refuses to classify series that have no values.
    Why: only numbers over time are a series.
    Example: every number column is constant within each series.
    Fix: name the column whose rows belong together.
    """

    data: str
    target: list[str]
    series: str

    def __post_init__(self) -> None:
        self.what = f'No column of numbers changes within the series that "{self.series}" names.'
        self.expected = "Expected a row for each step of a series, with numbers that change."
        self.fix = f"a table with one row per example needs no --series: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> NoSeriesColumns:
        return cls("moves.csv", ["activity"], "person")


@dataclass(eq=False)
class SeriesWithoutLabel(PlainloopError):
    """Series that no label is known for.

    What it does: refuses files of series none of which is in the table of labels.
    Why: without a label there is nothing to learn.
    Example: the labels name "1", the files are called a.csv, b.csv.
    Fix: name the series in the first column of the table of labels by their file names or numbers.
    """

    data: str
    target: list[str]
    names: list[str]

    def __post_init__(self) -> None:
        self.what = f"No series of {self.data} has a label; the series are called {listed(self.names)}."
        self.expected = (
            "Expected a label for each: a folder for each class, or a table whose first column has the file names or numbers."
        )
        again = command("inspect", self.data, self.target, "--series", "files")
        again = command("inspect", self.data, self.target, "--series", "files")
        self.fix = f"name the series in the first column of the table of labels, then: {again}"

    @classmethod
    def example(cls) -> SeriesWithoutLabel:
        return cls("moves", ["label"], ["a.csv", "b.csv"])


@dataclass
class LengthsDiffer(Notice):
    """Series of different lengths.

    What it does: fills the shorter ones up with zeros, which models do not look at; at most as long as the longest train series.
    Why: a batch is one tensor.
    Example: recordings of 19 to 129 steps.
    Fix: nothing has to be done.
    """

    kind = "hint"
    data: str
    shortest: int
    longest: int

    def __post_init__(self) -> None:
        span = f"{self.shortest:,} to {self.longest:,} steps"
        self.what = f"The series have {span}; the shorter ones are filled up, and their length is an input."
        self.expected = "Expected series of one length, or of several."
        self.fix = "nothing has to be done"

    @classmethod
    def example(cls) -> LengthsDiffer:
        return cls("IndoorMovement.zip", 19, 129)
