"""What can be wrong with the files the user names. Made by probe.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..plain.faults import shorten
from ..plain.readers.folders import part_of
from ..problems import TYPED, PlainloopError, command, listed, quoted, reading, typed_with


@dataclass(eq=False)
class FileMissing(PlainloopError):
    """The named file does not exist.

    What it does: refuses a path or pattern that names nothing.
    Why: there is nothing to read.
    Example: titanc.csv instead of titanic.csv.
    Fix: the nearest names in the folder are shown.
    """

    path: str
    near: list[str]
    folder: str

    def __post_init__(self) -> None:
        self.what = f"There is no file {shorten(self.path, 200)}."
        self.expected = "Expected a file or folder of data, or a pattern such as 'data/*.csv'."
        self.why = f"The folder {self.folder} has no file of a similar name."
        if self.near:
            self.why = f"Did you mean {' or '.join(shorten(name, 200) for name in self.near)}?"
        near = self.near[0] if self.near else "FILE"
        self.fix = typed_with(self.path, near) or command("inspect", near, [])

    @classmethod
    def example(cls) -> FileMissing:
        return cls("titanc.csv", ["titanic.csv"], ".")


@dataclass(eq=False)
class FolderWithoutTables(PlainloopError):
    """A folder without table files.

    What it does: refuses a folder in which no file ends like a table.
    Why: what to read cannot be guessed.
    Example: a folder of pictures named as a table.
    Fix: name the file.
    """

    path: str
    found: list[str]

    def __post_init__(self) -> None:
        holds = f"it holds {listed(self.found, 5)}" if self.found else "no file lies in it but in sub-folders"
        if not self.found and not any(Path(self.path).glob("*")):
            holds = "it is empty"
        self.what = f"The folder {self.path} has no table files; {holds}."
        kinds = ".csv, .tsv, .txt, .data, .xlsx, .parquet, .arrow, .json, .jsonl or .arff"
        self.expected = f"Expected files ending in {kinds}, also with .gz, .bz2, .xz or .zip."
        place = self.path.rstrip("/")
        self.fix = command("inspect", f"{place}/FILE", [])
        stems = {name: name.removesuffix(".gz").rpartition(".")[0] for name in self.found}
        twins = [name for name in sorted(self.found) if stems[name] and list(stems.values()).count(stems[name]) == 2]
        if twins:  # train.en and train.de
            train = [name for name in twins if part_of(stems[name]) == "data"] or twins
            self.fix = f"if their lines belong together: {command('inspect', f'{place}/{train[1]}', [f'{place}/{train[0]}'])}"

    @classmethod
    def example(cls) -> FolderWithoutTables:
        return cls("photos", ["cat1.jpg", "cat2.jpg"])


@dataclass(eq=False)
class EmptyFile(PlainloopError):
    """A file without content.

    What it does: refuses a file of no bytes, of blank lines, or of a header alone.
    Why: there are no rows to learn from.
    Example: a download that failed.
    Fix: write or download the file again.
    """

    path: str
    size: int
    columns: list[str]  # of a header without rows

    def __post_init__(self) -> None:
        if self.columns:
            self.what = f"{self.path} has a header of {len(self.columns)} columns ({listed(self.columns, 5)}) and 0 rows."
        else:
            self.what = f"{self.path} is empty ({self.size} bytes)."
        rows = "one row" if TYPED[0] in ("predict", "evaluate") else "20 rows"
        self.expected = f"Expected a header and at least {rows}."
        self.fix = f"write or download {self.path} again, then: {command('inspect', self.path, [])}"

    @classmethod
    def example(cls) -> EmptyFile:
        return cls("houses.csv", 0, [])


@dataclass(eq=False)
class NotATable(PlainloopError):
    """A file of another kind, whatever its name says.

    What it does: looks at the first bytes and refuses spreadsheets, pictures, web pages, Git LFS pointers and the like.
    Why: read as text, such files make a table of nonsense.
    Example: a saved error page named train.csv.
    Fix: depends on the kind: export as CSV, download again, git lfs pull.
    """

    path: str
    kind: str
    remedy: str

    def __post_init__(self) -> None:
        self.what = f"{self.path} is {self.kind}, not a table."
        self.expected = "Expected delimited text (CSV, TSV, ...), an Excel file, Parquet, Arrow, JSON or ARFF, also compressed."
        if "plainloop." in self.remedy:  # what is done in Python
            self.fix = self.remedy
            return
        ending = next((ending for ending in ("csv", "parquet") if f" as {ending}" in self.remedy.lower()), "")
        place = Path(self.path)
        made = place.with_suffix(f".{ending}") if ending else place.with_suffix("") if "unpack" in self.remedy else place
        self.fix = f"{self.remedy}, then: {command('inspect', str(made), [])}"

    @classmethod
    def example(cls) -> NotATable:
        return cls("train.csv", "a web page", "download the file itself instead of the page about it")


@dataclass(eq=False)
class ZipUnclear(PlainloopError):
    """A zip archive or a workbook without a table that can be read.

    What it does: refuses an archive without tables, with names that lead out of it, of an enormous size, or without the
    member that --member names; and a workbook without the sheet that it names.
    Why: members are read in place and never unpacked to the disk.
    Example: --member b.csv, and the archive has a.csv alone.
    Fix: name one of the members with --member.
    """

    path: str
    problem: str
    members: list[str]
    kind: str = "archive"

    def __post_init__(self) -> None:
        self.what = f"{self.path}: {self.problem}."
        self.expected = f"Expected a table in the {self.kind}; it holds {listed(self.members) if self.members else 'none'}."
        self.fix = command("inspect", self.path, [], *(["--member", self.members[0]] if self.members else []))

    @classmethod
    def example(cls) -> ZipUnclear:
        return cls("data.zip", 'the archive has no member "b.csv"', ["a.csv"])


@dataclass(eq=False)
class NullBytes(PlainloopError):
    """NUL bytes in a text file.

    What it does: refuses text with bytes of value 0, but for UTF-16 and UTF-32, which are full of them.
    Why: they come from a damaged disk or a file that is no text, and would stay in the cells unseen.
    Example: line 90 has a NUL byte.
    Fix: take them out if the rest is text, or write the file again.
    """

    path: str
    line: int
    count: int

    def __post_init__(self) -> None:
        more = f", and {self.count - 1:,} more" if self.count > 1 else ""
        self.what = f"{self.path} line {self.line}: a NUL byte{more}."
        self.expected = "Expected text."
        self.why = "NUL bytes come from damaged files, or from files that are no text."
        clean = str(Path(self.path).with_name(f"clean-{Path(self.path).name}"))
        again = command("inspect", clean, [])
        self.fix = f"if the rest is text: tr -d '\\000' < {quoted(self.path)} > {quoted(clean)}, then: {again}"

    @classmethod
    def example(cls) -> NullBytes:
        return cls("houses.csv", 90, 1)


@dataclass(eq=False)
class MixedEncodings(PlainloopError):
    """A file whose lines are in different encodings.

    What it does: refuses a file that has both valid UTF-8 letters and bytes that are no UTF-8.
    Why: whichever encoding is chosen, some words come out wrong.
    Example: two files of different origin pasted together.
    Fix: convert the file, or accept wrong letters with --encoding cp1252.
    """

    path: str
    line: int
    byte: int
    utf8_line: int

    def __post_init__(self) -> None:
        other = f"line {self.utf8_line} has UTF-8 letters"
        self.what = f"{self.path} line {self.line}: byte 0x{self.byte:02X} is no UTF-8, but {other}."
        self.expected = "Expected one encoding in the whole file."
        self.why = "Whichever encoding is chosen, some words come out wrong."
        self.fix = command("inspect", self.path, [], "--encoding", "cp1252")

    @classmethod
    def example(cls) -> MixedEncodings:
        return cls("cities.csv", 31, 0xE9, 7)


@dataclass(eq=False)
class NoDelimiter(PlainloopError):
    """No sign separates the columns.

    What it does: refuses text in which none of the usual delimiters stands equally often in every line.
    Why: read as one column, the table would have nothing to learn from.
    Example: a page of prose.
    Fix: name the sign with --delimiter.
    """

    path: str
    line: str
    tried: str
    labelled: bool = False  # the lines begin with words that recur

    def __post_init__(self) -> None:
        self.what = f"{self.path}: no delimiter found; the first line is {shorten(self.line, 60)}."
        self.expected = f"Expected one of {self.tried} equally often in every line."
        self.why = "Without a delimiter the whole line would be one cell."
        self.fix = command("inspect", self.path, [], "--delimiter", ",")
        if self.labelled:
            made = str(Path(self.path).with_suffix(".tsv" if Path(self.path).suffix != ".tsv" else ".tab"))
            self.fix = (
                f"if the first word of each line is its label: sed 's/ /\\t/' {quoted(self.path)} > {quoted(made)}, "
                f"then: {command('inspect', made, [], '--no-header')}"
            )

    @classmethod
    def example(cls) -> NoDelimiter:
        return cls("notes.txt", "It was a dark and stormy night", "comma, semicolon, tab")


@dataclass(eq=False)
class CommentLines(PlainloopError):
    """Lines of comment in a table.

    What it does: refuses a file whose first lines start with # or % and are no rows.
    Why: they would be taken for the header.
    Example: "# exported 2024-01-01" above the header.
    Fix: skip them with --comment.
    """

    path: str
    line: int
    text: str
    sign: str

    def __post_init__(self) -> None:
        self.what = f"{self.path} line {self.line} looks like a comment: {shorten(self.text)}."
        self.expected = "Expected rows of cells only."
        self.why = "It would be taken for the header or for a row."
        self.fix = command("inspect", self.path, [], "--comment", self.sign)

    @classmethod
    def example(cls) -> CommentLines:
        return cls("houses.csv", 1, "# exported 2024-01-01", "#")


@dataclass(eq=False)
class TitleLines(PlainloopError):
    """Lines of title above the names of the columns.

    What it does: refuses a file whose first lines have one filled cell each, where the lines below have all of them filled.
    Why: the title would be taken for the header, and the names for a row.
    Example: "Sales report 2023,,," above "region,units,price,returned".
    Fix: a copy of the file from its header on.
    """

    path: str
    title: str
    line: int
    header: str

    def __post_init__(self) -> None:
        lines = "line 1 is" if self.line == 2 else f"the lines before line {self.line} are"
        self.what = f"{self.path}: {lines} no row of the table but a title, {shorten(self.title)}."
        self.expected = f"Expected the names of the columns in line 1; they seem to be {shorten(self.header, 60)}."
        self.why = "The title would be taken for the header, and the names for a row."
        made = str(Path(self.path).with_name(f"table-{Path(self.path).name}"))
        again = command("inspect", made, [])
        self.fix = f"tail -n +{self.line} {quoted(self.path)} > {quoted(made)}, then: {again}"

    @classmethod
    def example(cls) -> TitleLines:
        return cls("sales.csv", "Sales report 2023", 4, "region,units,price,returned")


@dataclass(eq=False)
class ControlCharacters(PlainloopError):
    """Control characters in column names.

    What it does: refuses column names with line breaks, tabs or other control characters.
    Why: they cannot be typed in an option, and break reports and files.
    Example: a header cell with a line break inside quotes.
    Fix: rename the columns.
    """

    path: str
    names: list[str]

    def __post_init__(self) -> None:
        self.what = f"{self.path} has control characters in column names: {', '.join(shorten(name) for name in self.names[:5])}."
        self.expected = "Expected names of letters, digits, signs and spaces."
        self.why = "Such a name cannot be typed in an option."
        self.fix = f"rename the columns in line 1 of {self.path}, then: {command('inspect', self.path, [])}"

    @classmethod
    def example(cls) -> ControlCharacters:
        return cls("houses.csv", ["price\n(EUR)"])


@dataclass(eq=False)
class SameFileTwice(PlainloopError):
    """One file given as train and as test data.

    What it does: refuses a validation or test file that is the train file, or a copy of it.
    Why: a model judged on the rows it learned from looks better than it is.
    Example: plainloop train a.csv --test a.csv.
    Fix: let plainloop set rows aside.
    """

    path: str
    other: str
    option: str
    data: str

    def __post_init__(self) -> None:
        self.what = f"{self.option} {self.path} holds the same bytes as {self.other}."
        self.expected = "Expected rows that the model has not learned from."
        self.why = "Judged on the rows it learned from, a model looks better than it is."
        self.fix = f"leave it out, so that rows are set aside: {command(reading(), self.data, [], without=self.option)}"

    @classmethod
    def example(cls) -> SameFileTwice:
        return cls("copy.csv", "houses.csv", "--test", "houses.csv")


@dataclass(eq=False)
class UnknownEncoding(PlainloopError):
    """An encoding of no known name.

    What it does: refuses --encoding with a name that Python does not know.
    Why: the file cannot be decoded.
    Example: --encoding utf-99.
    Fix: name another encoding.
    """

    path: str
    encoding: str

    def __post_init__(self) -> None:
        self.what = f"--encoding: there is no encoding {shorten(self.encoding)}."
        self.expected = "Expected a name such as utf-8, cp1252, latin-1 or utf-16-le."
        self.fix = command("inspect", self.path, [], "--encoding", "cp1252")

    @classmethod
    def example(cls) -> UnknownEncoding:
        return cls("cities.csv", "utf-99")
