"""What can be wrong with a table file, in words. Copied into ejected projects beside tables.py, which raises these."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ..faults import Fault, shorten


@dataclass(eq=False)
class BadRows(Fault):
    """Rows with too many or too few fields.

    What it does: refuses a file in which a row does not have as many fields as the header (or, without one, as most rows).
    Why: a missing or an extra delimiter shifts every later cell of the row into the wrong column.
    Example: line 7 has 4 fields, the header has 3.
    Fix: correct the lines, or leave them out with --skip-bad N.
    """

    file: str
    places: list[tuple[int, int]]  # line number, number of fields; the first few
    count: int
    rows: int
    expected_fields: int

    def __post_init__(self) -> None:
        shown = ", ".join(f"line {line} has {fields}" for line, fields in self.places[:5])
        more = ", ..." if self.count > 5 else ""
        self.what = f"{self.file}: {self.count} of {self.rows} rows have a wrong number of fields: {shown}{more}."
        self.expected = f"Expected {self.expected_fields} field{'s' * (self.expected_fields != 1)} in every row."
        one_more = self.count == self.rows and {fields for _, fields in self.places} == {self.expected_fields + 1}
        if one_more:
            self.why = "Every row is one field longer than the header, so each name would stand over the wrong column."
            again = f"plainloop inspect {shlex.quote(self.file)} --no-header"
            self.fix = f"add a name for the first column to line 1 of {self.file}, or: {again}"
        elif self.count > self.rows // 2:
            self.why = "Most rows disagree with the header: the delimiter may be another one."
            self.fix = f'plainloop inspect {shlex.quote(self.file)} --delimiter ";"'
        else:
            self.why = "A delimiter too many or too few shifts the cells behind it into wrong columns."
            if all(fields > self.expected_fields for _, fields in self.places):
                self.why = "A delimiter inside a cell, which wants quotes around it, shifts the cells behind it."
            self.fix = f"plainloop inspect {shlex.quote(self.file)} --skip-bad {self.count}"

    @classmethod
    def example(cls) -> BadRows:
        return cls("houses.csv", [(7, 4), (90, 2)], 2, 1460, 3)


@dataclass(eq=False)
class BrokenQuotes(Fault):
    """A quote that is never closed, or stands inside a cell.

    What it does: refuses a file whose quote characters do not pair up.
    Why: everything up to the next quote, line ends included, would be read as one cell.
    Example: line 12 opens a quote that no other closes.
    Fix: close the quote, or read quotes as plain characters with --quote "".
    """

    file: str
    line: int
    quote: str
    text: str

    def __post_init__(self) -> None:
        self.what = f"{self.file} line {self.line}: a quote {self.quote} opens here and is not closed: {shorten(self.text)}."
        self.expected = "Expected quotes in pairs around a whole cell, and doubled inside it."
        self.why = "Everything up to the next quote, line ends included, would be read as one cell."
        self.fix = f'close the quote in line {self.line}, or: plainloop inspect {shlex.quote(self.file)} --quote ""'

    @classmethod
    def example(cls) -> BrokenQuotes:
        return cls("houses.csv", 12, '"', '"Old mill, 3 rooms')


@dataclass(eq=False)
class WrongEncoding(Fault):
    """Bytes that are no text in the file's encoding.

    What it does: refuses a file that cannot be decoded.
    Why: guessing would turn names and labels into other words without a trace.
    Example: byte 0xE9 in line 3 is not UTF-8.
    Fix: name the encoding with --encoding.
    """

    file: str
    line: int
    byte: int
    encoding: str

    def __post_init__(self) -> None:
        self.what = f"{self.file} line {self.line}: byte 0x{self.byte:02X} is not {self.encoding} text."
        self.expected = f"Expected a text file in the encoding {self.encoding}."
        self.why = "Decoded with the wrong table, letters turn into other letters."
        self.fix = f"plainloop inspect {shlex.quote(self.file)} --encoding {'latin-1' if self.encoding == 'cp1252' else 'cp1252'}"

    @classmethod
    def example(cls) -> WrongEncoding:
        return cls("houses.csv", 3, 0xE9, "utf-8")


@dataclass(eq=False)
class DamagedFile(Fault):
    """A compressed, Parquet or JSON lines file that cannot be read to its end.

    What it does: refuses a file that is cut off or broken.
    Why: the part that can be read is not the data.
    Example: a download that stopped half way.
    Fix: fetch or write the file again.
    """

    file: str
    problem: str
    line: int = 0

    def __post_init__(self) -> None:
        self.what = f"{self.file}{f' line {self.line}' if self.line else ''}: {self.problem}."
        self.expected = "Expected a complete file."
        self.why = "A part of the rows would pass for all of them."
        self.fix = f"write or download {self.file} again, then: plainloop inspect {shlex.quote(self.file)}"

    @classmethod
    def example(cls) -> DamagedFile:
        return cls("houses.csv.gz", "the gzip data ends too early")


@dataclass(eq=False)
class ColumnsDiffer(Fault):
    """A file lacks columns that the run needs.

    What it does: refuses a file in which a column is absent that another file of the source, or the trained model, has.
    Why: an absent column cannot be filled in without inventing its values.
    Example: the file for prediction has no column "age".
    Fix: add the column; leave its cells empty where there is no value.
    """

    file: str
    missing: list[str]
    found: list[str]
    train: str = ""  # the file of the train rows, where the file is one of validation or test rows

    def __post_init__(self) -> None:
        self.what = f"{self.file} has no column {', '.join(shorten(name) for name in self.missing[:10])}."
        self.expected = f"Expected it among its columns: {', '.join(self.found[:20])}{', ...' if len(self.found) > 20 else ''}."
        self.why = "The columns of all files have to agree by name; their order is free."
        self.fix = f"add the column to {self.file} (empty cells are allowed), then: plainloop inspect {shlex.quote(self.file)}"
        if self.train and len(self.missing) == 1:  # a contest's test file, which has no answers
            self.why = "Rows without the answer judge nothing; they can be predicted."
            told = f"plainloop train {shlex.quote(self.train)} --target {shlex.quote(self.missing[0])}"
            self.fix = f"if it is the target, leave the file out: {told}, then: plainloop predict RUN {shlex.quote(self.file)}"

    @classmethod
    def example(cls) -> ColumnsDiffer:
        return cls("new.csv", ["age"], ["name", "height"])


@dataclass(eq=False)
class TargetNotNumber(Fault):
    """A regression target with cells that are not numbers.

    What it does: refuses a number target in which words (or infinities) occur.
    Why: a row whose target is a word cannot teach a number, and leaving it out unasked would hide it.
    Example: line 17 says "n/a".
    Fix: name the words that mean "no value" with --missing; such rows are left out.
    """

    file: str
    column: str
    places: list[tuple[str, str]]  # place, word
    count: int
    words: list[str]
    classes: bool = False  # no cell is a number, and there are few enough of them to be classes

    def __post_init__(self) -> None:
        shown = ", ".join(f"{place} {shorten(word)}" for place, word in self.places[:5])
        some = f"{self.count} value{'s' * (self.count > 1)} that {'are' if self.count > 1 else 'is'} not"
        self.what = f'Column "{self.column}" has {some} a finite number: {shown}{", ..." if self.count > 5 else ""}.'
        self.expected = "A regression target must be a number in every row."
        self.why = "Rows whose target is a word cannot teach a number."
        words = ",".join(self.words[:10])
        self.fix = f'plainloop train {shlex.quote(self.file)} --target {shlex.quote(self.column)} --missing "{words}"'
        if self.classes:
            self.why = "No cell is a number; as classes the words are learned as they are."
            self.fix = f"plainloop train {shlex.quote(self.file)} --target {shlex.quote(self.column)} --task multiclass"

    @classmethod
    def example(cls) -> TargetNotNumber:
        return cls("houses.csv", "price", [("line 17", "n/a"), ("line 204", "-")], 2, ["n/a", "-"])


@dataclass(eq=False)
class DuplicateColumns(Fault):
    """Two columns of one name.

    What it does: refuses a header in which a name occurs twice.
    Why: which of them an option means cannot be known.
    Example: "age" stands twice in line 1.
    Fix: rename one.
    """

    file: str
    names: list[str]

    def __post_init__(self) -> None:
        self.what = f"{self.file}: more than one column is called {', '.join(shorten(name) for name in self.names[:10])}."
        self.expected = "Expected a name of its own for each column."
        self.why = "Which of them an option means cannot be known."
        self.fix = f"rename one in the header, or, if line 1 is data: plainloop inspect {shlex.quote(self.file)} --no-header"

    @classmethod
    def example(cls) -> DuplicateColumns:
        return cls("houses.csv", ["age"])


@dataclass(eq=False)
class NestedColumn(Fault):
    """A column whose cells are objects or bytes.

    What it does: refuses a column of JSON lines or Parquet that holds lists of objects, or bytes. Objects are read: of
    {"size": {"w": 3, "h": 4}} w and h are columns.
    Why: such a cell is not one value.
    Example: {"name": "x", "parts": [{"w": 3}, {"w": 4}]}.
    Fix: write its parts as columns of their own.
    """

    column: str
    kind: str

    def __post_init__(self) -> None:
        self.what = f'Column "{self.column}" holds {self.kind}.'
        self.expected = "Expected numbers, words, times, or lists of words in every cell."
        self.why = "A cell with parts is not one value."
        self.fix = "write its parts as columns of their own, or leave the column out of the file"

    @classmethod
    def example(cls) -> NestedColumn:
        return cls("parts", "lists of objects or of lists")
