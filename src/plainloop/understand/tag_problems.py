"""What can be wrong with a target whose cells hold several labels. Made by target.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed


@dataclass
class RowsWithoutLabel(Notice):
    """Rows of a tags target whose cell is empty.

    What it does: reads an empty cell among labels as a row to which no label applies; says how many there are.
    Why: that is how such tables write it. A row that nobody has labelled yet looks the same, and would teach the wrong thing.
    Example: a comment that is neither toxic nor a threat.
    Fix: remove the rows that nobody has labelled.
    """

    kind = "repair"
    expected = "Expected an empty cell where no label applies."
    data: str
    target: list[str]
    count: int
    rows: int
    places: list[str]
    marks: list[str]  # words that count as empty, as "NA"
    run: str = ""  # that is evaluated on the data; "" where it is to train

    def __post_init__(self) -> None:
        empty = listed(["an empty cell", *(shorten(mark) for mark in self.marks)]).replace(", ", " or ")
        places = ", ".join(self.places) + (", ..." if self.count > len(self.places) else "")
        where = f": {places}" if self.places else ""
        self.what = f'{self.count:,} of {self.rows:,} rows have {empty} in "{self.target[0]}", which is read as no label{where}.'
        self.why = "Rows that nobody has labelled would teach that no label applies to them."
        again = command("evaluate", self.run, [], self.data) if self.run else command("train", self.data, self.target)
        self.fix = f"remove rows that nobody has labelled from {self.data}, then: {again}"

    @classmethod
    def example(cls) -> RowsWithoutLabel:
        return cls("emotions.csv", ["labels"], 30, 120, ["line 4", "line 14"], [])


@dataclass
class TagsUnknown(Notice):
    """Rows to evaluate with labels that the model does not know, beside those that it knows.

    What it does: judges the rows by the labels that the model knows, and names the others.
    Why: the model cannot say a label that no row had when it was trained; each of them is a miss that the figures do not show.
    Example: `plainloop evaluate runs/emotions-1 new.csv` where new.csv has the label "pride"
    Fix: train on data that has the labels.
    """

    data: str
    labels: list[str]
    rows: int
    expected = "Expected labels that the model was trained on."

    def __post_init__(self) -> None:
        named = listed([shorten(label) for label in self.labels])
        rows = f"{self.rows:,} rows of {self.data} have" if self.rows > 1 else f"1 row of {self.data} has"
        self.what = f"{rows} labels that the model does not know: {named}."
        self.why = "These labels are left out of the figures, the rows are not."
        self.fix = "train on data that has these labels, or look whether they are written as in the training data"

    @classmethod
    def example(cls) -> TagsUnknown:
        return cls("new.csv", ["pride"], 7)


@dataclass
class MaybeTags(Notice):
    """A target whose cells look like several labels each.

    What it does: takes each cell for one class, or for a text to be written, and says that its parts recur as labels do.
    Why: only `|`, `;` and `,` are taken for separators without being asked; a class may well have a name of several words.
    Example: "red blue" beside "red" and "blue".
    Fix: name the separator with --tags.
    """

    expected = "Expected one class in a cell, or a separator named with --tags."
    data: str
    target: str
    separator: str
    cell: str  # one that holds several

    def __post_init__(self) -> None:
        sign = "spaces" if self.separator == " " else shorten(self.separator)
        self.what = f'The cells of "{self.target}" look like several labels parted by {sign}, as {shorten(self.cell)} does.'
        self.why = "Each different cell is read as one answer."
        self.fix = f"if they are labels: {command('train', self.data, [self.target], '--tags', self.separator)}"

    @classmethod
    def example(cls) -> MaybeTags:
        return cls("shirts.csv", "colours", " ", "red blue")


@dataclass
class SeparatorNowhere(Notice):
    """A separator of labels that no cell holds.

    What it does: reads each cell as one label, and says so; names another sign that parts the cells into labels which recur.
    Why: with a wrong separator "red|blue" is a label of its own.
    Example: `--tags ","` where the cells are like "red|blue".
    Fix: name the sign that stands between labels.
    """

    expected = "Expected the separator in some cells."
    data: str
    target: str
    separator: str
    other: str  # the sign that seems to be meant, "" where none does
    cell: str

    def __post_init__(self) -> None:
        self.what = f'No cell of "{self.target}" holds {shorten(self.separator)}, which --tags names: each is one label.'
        self.fix = "if each row has one label, leave --tags out; else name what stands between two of them with --tags"
        if self.other:
            self.why = f"Cells such as {shorten(self.cell)} look like several labels."
            self.fix = command("train", self.data, [self.target], "--tags", self.other)

    @classmethod
    def example(cls) -> SeparatorNowhere:
        return cls("shirts.csv", "colours", ",", "|", "red|blue")


@dataclass(eq=False)
class MixedSeparators(PlainloopError):
    """A tags target with more than one separator.

    What it does: refuses a column of tags in which some cells are separated by another sign.
    Why: "red;blue" among cells like "red|blue" would become a label of its own.
    Example: line 9 says "red;blue".
    Fix: use one separator in the file, or name it with --tags.
    """

    data: str
    target: str
    separator: str
    other: str
    places: list[tuple[str, str]]

    def __post_init__(self) -> None:
        said = ", ".join(f"{place} {shorten(word)}" for place, word in self.places[:5])
        signs = f"by {shorten(self.separator)}, but some cells by {shorten(self.other)}"
        self.what = f'Column "{self.target}" separates labels {signs}: {said}.'
        self.expected = "Expected one separator in all cells."
        self.why = "Otherwise several labels would pass for one."
        again = command("train", self.data, [self.target], "--tags", self.separator)
        self.fix = f"write {shorten(self.separator)} in these cells, then: {again}"

    @classmethod
    def example(cls) -> MixedSeparators:
        return cls("films.csv", "genres", "|", ";", [("line 9", "crime;drama")])
