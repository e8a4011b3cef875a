"""What there is to say about how files are read: guesses and repairs, each with its override. Made by probe.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plain.faults import shorten
from ..problems import Notice, command, listed, reading


@dataclass
class HeaderGuessed(Notice):
    """Whether the first line holds names or data.

    What it does: tells that the first line is read as data, and why; the columns are then called 0, 1, 2, ...
    Why: a row read as header is lost, and its values become names.
    Example: the first line of the adult data.
    Fix: --header says that the first line holds names.
    """

    expected = "Expected names in the first line."
    path: str
    columns: int
    reason: str

    def __post_init__(self) -> None:
        self.what = f"{self.path} has no header: {self.reason}. Its columns are called 0 to {self.columns - 1}."
        self.fix = f"if the first line holds names: {command('inspect', self.path, [], '--header')}"

    @classmethod
    def example(cls) -> HeaderGuessed:
        return cls("adult.csv", 15, 'the first line has "39" where the other lines have numbers')


@dataclass
class EncodingGuessed(Notice):
    """A text that is not UTF-8.

    What it does: reads a file with bytes that are no UTF-8 as cp1252 (Western Windows), as the usual encoding of its script
    where its letters are hardly Latin, or as UTF-16 by its mark or its zero bytes; says so.
    Why: another encoding would give other letters.
    Example: byte 0xE9 in line 3.
    Fix: name the encoding with --encoding.
    """

    kind = "repair"
    expected = "Expected UTF-8."
    path: str
    encoding: str
    reason: str
    file: str = ""  # of a folder or archive, that is read so

    def __post_init__(self) -> None:
        self.what = f"{self.file or self.path} is read as {self.encoding}: {self.reason}."
        other = {"utf-16": "utf-16-le", "utf-16-le": "utf-16-be", "utf-16-be": "utf-16-le"}.get(self.encoding, "latin-2")
        self.fix = f"if letters look wrong, name another encoding: {command('inspect', self.path, [], '--encoding', other)}"

    @classmethod
    def example(cls) -> EncodingGuessed:
        return cls("cities.csv", "cp1252", "byte 0xE9 in line 3 is no UTF-8")


@dataclass
class DecimalComma(Notice):
    """Numbers with a decimal comma.

    What it does: reads 1,5 as one and a half.
    Why: cells have commas between digits, and none has a point.
    Example: a file exported with German settings.
    Fix: --decimal . reads commas as separators of thousands.
    """

    kind = "repair"
    expected = "Expected a decimal point."
    path: str
    example_cell: str

    def __post_init__(self) -> None:
        self.what = f"{self.path}: numbers such as {shorten(self.example_cell)} are read with a decimal comma."
        self.fix = f"if the comma separates thousands: {command(reading(), self.path, [], '--decimal', '.')}"

    @classmethod
    def example(cls) -> DecimalComma:
        return cls("preise.csv", "1,5")


@dataclass
class QuotesAsText(Notice):
    """Quotes that are plain characters.

    What it does: reads quotes as characters of the text where they do not pair up around cells.
    Why: read as quotes, several lines would run together into one cell.
    Example: a file of messages with lone quotes.
    Fix: --quote says that they are quotes.
    """

    kind = "repair"
    expected = "Expected quotes in pairs around whole cells."
    path: str
    line: int

    def __post_init__(self) -> None:
        self.what = f"{self.path}: quotes are read as plain characters, for they do not pair up around cells (line {self.line})."
        self.why = "Read as quotes, several lines would run together into one cell."
        self.fix = "if they are quotes: " + command(reading(), self.path, [], "--quote", '"')

    @classmethod
    def example(cls) -> QuotesAsText:
        return cls("sms.tsv", 5)


@dataclass
class MemberChosen(Notice):
    """One table of several in a zip archive, or one sheet of a workbook.

    What it does: reads the largest table that has the target, and says which.
    Why: an archive can hold several tables, a workbook several sheets.
    Example: bank-additional.zip holds four.
    Fix: name another with --member.
    """

    path: str
    member: str
    others: list[str]
    kind: str = "archive"

    def __post_init__(self) -> None:
        self.expected = f"Expected one table in the {self.kind}."
        self.what = f"{self.path} holds {len(self.others) + 1} tables; the largest with the target is read: {self.member}."
        self.fix = f"for another: {command(reading(), self.path, [], '--member', self.others[0])}"

    @classmethod
    def example(cls) -> MemberChosen:
        return cls("bank.zip", "bank-full.csv", ["bank.csv"])


@dataclass
class FilesByName(Notice):
    """A folder of tables whose names say which part each is.

    What it does: trains on train.csv, chooses the epoch on valid.csv and judges on test.csv, where these have all columns of the
    train file; leaves the other files alone, and says so.
    Why: rows that were set apart for the test are no train rows, and a contest's test file has no answers.
    Example: train.csv, test.csv and sample_submission.csv in one folder.
    Fix: name the files that are meant.
    """

    expected = "Expected files of the same columns; a file without the target can be predicted, and judges nothing."
    folder: str
    read: dict[str, tuple[str, ...]]  # data, validation, test -> files
    left: dict[str, list[str]]  # files that are not read -> the columns they lack

    def __post_init__(self) -> None:
        words = {"data": "trained on", "validation": "the validation rows", "test": "the test rows"}
        said = [f"{', '.join(Path(file).name for file in files)}: {words[part]}" for part, files in self.read.items() if files]
        self.what = f"The files of {self.folder} are read by their names: {'; '.join(said)}."
        lacking = {Path(file).name: listed([shorten(name) for name in names], 2) for file, names in self.left.items()}
        gone = [f"{file}, which has no {names}" for file, names in lacking.items()]
        if gone:
            more = f" and {len(gone) - 4} more" if len(gone) > 4 else ""
            self.what = f"{self.what[:-1]}; not read: {'; '.join(gone[:4])}{more}."
        self.fix = f"to choose others, name them: {command(reading(), self.read['data'][0], [])}"

    @classmethod
    def example(cls) -> FilesByName:
        read = {"data": ("titanic/train.csv",), "validation": (), "test": ()}
        return cls("titanic", read, {"titanic/test.csv": ["Survived"]})
