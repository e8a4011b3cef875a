"""What can be wrong with a column of paths to pictures. Made by path_columns.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..plain.faults import shorten
from ..problems import Notice, PlainloopError, command, listed


@dataclass(eq=False)
class PicturesMissing(PlainloopError):
    """A column of paths that names files which are not there.

    What it does: refuses a table in which paths lead nowhere; a name that differs in capital letters alone is shown.
    Why: the rows would have no picture.
    Example: row 17 names cats/17.jpg, and the folder has cats/17.JPG.
    Fix: correct the names, or leave the rows out with --skip-bad N.
    """

    data: str
    target: list[str]
    column: str
    rows: list[tuple[str, str, str]]  # where, the name, the nearest name that is there or ""
    count: int
    total: int

    def __post_init__(self) -> None:
        shown = ", ".join(f"{where} {shorten(name)}" for where, name, _ in self.rows[:3])
        self.what = f'Column "{self.column}" names {self.count} of {self.total} pictures that are not there: {shown}.'
        self.expected = f"Expected paths of pictures, as seen from the folder of {self.data}."
        near = [f"{shorten(there)} for {shorten(name)}" for _, name, there in self.rows if there]
        self.why = f"There is {near[0]}; capital letters count." if near else ""
        self.fix = (
            f"correct the names, or leave the rows out: {command('train', self.data, self.target, '--skip-bad', str(self.count))}"
        )

    @classmethod
    def example(cls) -> PicturesMissing:
        return cls("labels.csv", ["species"], "file", [("line 17", "cats/17.jpg", "cats/17.JPG")], 1, 1200)


@dataclass
class PicturesUnlisted(Notice):
    """Pictures in the folder that the table does not name.

    What it does: says how many pictures lie beside those that the table names; they are not used.
    Why: a table that names half of a folder may be the wrong one.
    Example: labels.csv has 800 rows, the folder 1200 pictures.
    Fix: add rows for them, or leave them alone.
    """

    expected = "Expected a row for every picture of the folder."
    data: str
    target: list[str]
    folder: str
    names: list[str]

    def __post_init__(self) -> None:
        verb = "picture in" if len(self.names) == 1 else "pictures in"
        self.what = f"{len(self.names)} {verb} {self.folder} are in no row of {self.data}: {listed(self.names, 3)}."
        self.fix = f"nothing, if they are not meant to be used; else add rows, then: {command('inspect', self.data, self.target)}"

    @classmethod
    def example(cls) -> PicturesUnlisted:
        return cls("labels.csv", ["species"], "photos", ["photos/901.jpg", "photos/902.jpg"])


@dataclass
class PathsCompleted(Notice):
    """Words that become paths by a folder or an ending.

    What it does: reads the words of a column as names of pictures in a sub-folder, or without their ending.
    Why: tables of contests often have the bare number of a picture.
    Example: the word 00a3 means train/00a3.jpg.
    Fix: --types COLUMN=category reads them as words.
    """

    kind = "repair"
    expected = "Expected paths as seen from the folder of the table."
    data: str
    target: list[str]
    column: str
    pattern: str  # "train/{}.jpg"
    example_word: str

    def __post_init__(self) -> None:
        path = self.pattern.replace("{}", self.example_word)
        self.what = f'Column "{self.column}" is read as names of pictures: {shorten(self.example_word)} is {path}.'
        self.fix = f"to read it as words: {command('inspect', self.data, self.target, '--types', f'{self.column}=category')}"

    @classmethod
    def example(cls) -> PathsCompleted:
        return cls("labels.csv", ["breed"], "id", "train/{}.jpg", "00a3")
