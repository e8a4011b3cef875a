"""The dialect of a delimited text: delimiter, quotes, decimal sign, header. Used by probe.py.

Found on the first 64 KB; quotes are checked over the whole file, for one that is left open can stand anywhere.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..plain.readers.delimited import one_byte_delimiter, places_of, signs_at, wrong_quote
from .file_problems import CommentLines, NoDelimiter, TitleLines

if TYPE_CHECKING:
    from .probe import ReadOptions

HEAD = 65536
LEAST_WORDS = 4  # of a cell that is a sentence
DELIMITERS = {
    "\t": "tab",
    ";": "semicolon",
    ",": "comma",
    "|": "bar",
    "::": "two colons",
    "  ": "two spaces",
    "^": "caret",
    "~": "tilde",
    " ": "space",
}
COMMENTS = ("#", "%", ";;;")  # how lines of comment begin
SEPARATOR_LINE = re.compile(r'("?sep=)([^"])"?')  # the first line of some files that Excel writes
NUMBER = re.compile(r"^[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?%?$")
COMMA_NUMBER = re.compile(r"^[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+$")
LIST = re.compile(r"^\d{1,2}(,\d{1,2}){2,}$")
THOUSANDS = re.compile(r"^[-+]?\d{1,3}(,\d{3})+$")


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is read."""

    delimiter: str
    quote: str
    decimal: str
    header: bool
    comment: str
    columns: int
    no_header: str = ""  # why the first line is taken for data, where that was guessed
    loose_quote: int = 0  # the line whose quotes do not pair up, where they are read as plain characters
    decimal_example: str = ""  # a number with a decimal comma, where that was guessed


def find_dialect(name: str, data: bytes, options: ReadOptions, target: Sequence[str]) -> Dialect:
    """The dialect of UTF-8 text. Raises `NoDelimiter`, `CommentLines`."""
    head = data[:HEAD]
    if len(data) > HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    comment = options.comment or ""
    lines = [line for line in head.decode("utf-8", "replace").split("\n") if line.strip()]
    lines = [line for line in lines if not (comment and line.startswith(comment))]
    quote = '"' if options.quote is None else options.quote
    said = SEPARATOR_LINE.fullmatch(lines[0].strip())
    if said and not comment:
        comment, lines = said[1], lines[1:]
    delimiter = options.delimiter or (said[2] if said else "")
    if not delimiter:
        text = head.decode("utf-8", "replace")
        try:
            delimiter = _delimiter(name, lines, quote, comment)
        except NoDelimiter:
            _check_title(name, text, lines, quote, "\t;,|")
            raise
        if options.header is None:
            _check_title(name, text, lines, quote, delimiter)
    delimiter = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}.get(delimiter, delimiter)
    loose = 0
    if options.quote is None:
        loose = _loose_quote(data, delimiter)
        quote = "" if loose else quote
    rows = _rows(lines, delimiter, quote)
    decimal, example = (options.decimal or ".", "")
    if options.decimal is None and options.tags != ",":
        decimal, example = _decimal(rows, delimiter)
    header, reason = _header(rows, target) if options.header is None else (options.header, "")
    return Dialect(delimiter, quote, decimal, header, comment, len(rows[0]), reason, loose, example)


def _rows(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    """The first rows, stripped; the last is left out where the text goes on."""
    if delimiter == " ":
        lines = [re.sub(r"[ \t]+", " ", line.strip()) for line in lines]
    elif len(delimiter) > 1:
        lines, delimiter = [line.replace(delimiter, "\x1f") for line in lines], "\x1f"
    csv.field_size_limit(1 << 24)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    text = (line + "\n" for line in lines)
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, quotechar=quote or None, quoting=quoting)
    return [[cell.strip() for cell in row] for row in reader if row]


def _delimiter(name: str, lines: list[str], quote: str, comment: str) -> str:
    """The sign that stands equally often in (nearly) every line."""
    found: list[tuple[float, int, str]] = []
    everywhere = ""  # a sign that stands in every line, though not equally often: the reader will name the lines
    for delimiter in DELIMITERS:
        rows = _rows(lines[:100], delimiter, quote)
        fields, count = Counter(map(len, rows)).most_common(1)[0]
        if len(rows) > 2 and min(map(len, rows)) > 1 and delimiter.strip(" "):
            everywhere = everywhere or delimiter
        if fields > 1 and (len(rows[0]) == fields or count == len(rows) - 1 > 3):
            found.append((count / len(rows), fields, delimiter))
    found = [item for item in found if item[0] >= 0.8 and not (item[2] in ("  ", *" ^~") and item[0] < 1)]
    runs = next((item for item in found if item[2] == " "), None)
    if runs:  # single spaces, or runs of them
        found = [item for item in found if item[2] != "  "]
        if all(item[1] < runs[1] for item in found if item is not runs) and _are_numbers(_rows(lines[:100], " ", quote)):
            return " "
    if any(item[2] != " " for item in found):
        found = [item for item in found if item[2] != " "]
    if not comment and lines[0].startswith(COMMENTS) and len(lines) > 1:
        _check_comments(name, lines, found, quote)
    if not found and everywhere:
        return everywhere
    if not found:
        if (
            quote
            and any(line.startswith(quote) for line in lines)
            and all(len(row) == 1 for row in _rows(lines[:100], ",", quote))
        ):
            return ","  # a table of one column of quoted texts
        firsts = {line.split(maxsplit=1)[0] for line in lines}  # labels, where they recur
        labelled = len(lines) > 7 and len(firsts) <= len(lines) / 4 and all(len(line.split()) > 2 for line in lines)
        if labelled or any(sign in line for line in lines[:100] for sign in "\t;,|") or len(lines) == 1:
            raise NoDelimiter(name, lines[0], ", ".join(DELIMITERS.values()), labelled)
        return ","  # a table of one column
    best = max(share for share, _, _ in found)
    equal = [item for item in found if item[0] == best]
    for _, _, delimiter in equal:  # 1,5;2,5 has as many commas in each line as semicolons
        cells = [cell for row in _rows(lines[:100], delimiter, quote) for cell in row if "," in cell]
        if delimiter != "," and cells and all(COMMA_NUMBER.match(cell) for cell in cells):
            return delimiter
    return max(equal, key=lambda item: item[1])[2]


def _are_numbers(rows: list[list[str]]) -> bool:
    """Whether most cells of enough rows are numbers: then spaces stand between them, and not between words."""
    cells = [cell for row in rows for cell in row]
    return len(rows) >= 10 and sum(bool(NUMBER.match(cell)) for cell in cells) > 0.6 * len(cells)


def _check_title(name: str, text: str, lines: list[str], quote: str, signs: str) -> None:
    """Refuses lines of title above the header: one cell is filled in them, all of them are below."""
    for delimiter in signs.strip(" :"):
        rows = _rows(lines[:100], delimiter, quote)
        fields = Counter(map(len, rows)).most_common(1)[0][0]
        first = next((i for i, row in enumerate(rows[:20]) if len(row) == fields and all(row)), 0)
        above, below = rows[:first], rows[first:]
        whole = len(rows) <= len(lines) and all(len(row) == fields for row in below)  # no row spans lines
        if fields > 2 and first and len(below) > 5 and whole and all(sum(map(bool, row)) < 2 for row in above):
            raise TitleLines(name, lines[0], text.split("\n").index(lines[first]) + 1, lines[first])


def _check_comments(name: str, lines: list[str], found: list[tuple[float, int, str]], quote: str) -> None:
    """Refuses lines of comment above the table: their fields are not those of the rows below."""
    sign = next(sign for sign in COMMENTS if lines[0].startswith(sign))
    rest = [line for line in lines if not line.startswith(sign)]
    for delimiter in [item[2] for item in found] or list(DELIMITERS):
        rows = _rows(rest[:100], delimiter, quote)
        fields = {*map(len, rows)}
        if len(fields) == 1 and fields != {1} and len(_rows(lines[:1], delimiter, quote)[0]) not in fields:
            raise CommentLines(name, 1, lines[0], sign)


def _loose_quote(data: bytes, delimiter: str) -> int:
    """The line with a quote inside a cell, which is no quote then; 0 where they pair up or one is merely left open."""
    if b'"' not in data:
        return 0
    data, mark = one_byte_delimiter(data, delimiter, '"')
    text = np.frombuffer(data, np.uint8)
    quotes = places_of(text, ord('"'))
    if wrong_quote(text, quotes, mark) < 0:
        return 0
    allowed = [10, ord(mark), ord('"')]
    inside = quotes[~np.isin(signs_at(text, quotes - 1), allowed) & ~np.isin(signs_at(text, quotes + 1), allowed)]
    return int(data[: inside[0]].count(b"\n") + 1) if len(inside) else 0


def _decimal(rows: list[list[str]], delimiter: str) -> tuple[str, str]:
    """The decimal sign, and an example where it is a comma."""
    body = rows[1:] or rows
    lists = {place for row in body for place, cell in enumerate(row) if LIST.match(cell)}  # "3,7" beside "2,10,17" is two labels
    cells = [cell for row in body for place, cell in enumerate(row) if place not in lists]
    commas = [cell for cell in cells if COMMA_NUMBER.match(cell)]
    points = [cell for cell in cells if re.match(r"^[-+]?\d*\.\d+$", cell) and not re.match(r"^[-+]?\d{1,3}(\.\d{3})+$", cell)]
    if not commas or points:
        return ".", ""
    if all(THOUSANDS.match(cell) for cell in commas) and delimiter == ",":
        return ".", ""
    return ",", commas[0]


def _header(rows: list[list[str]], target: Sequence[str]) -> tuple[bool, str]:
    """Whether the first row holds names, and why it does not."""
    first, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    numbered = bool(target) and all(name.isdigit() and int(name) < len(first) for name in target)
    if not body or (target and set(target) <= set(first) and not numbered):  # "1" can be the first class of column 1
        return True, ""
    marks = {"", "?", "NA", "N/A", "nan", "NaN", "null", "None", "-"}
    numbers = [float(cell) for cell in first if re.match(r"^\d+$", cell)]
    if len(numbers) >= 3 and all(b - a == 1 for a, b in pairwise(numbers)):
        return True, ""  # years, or 0, 1, 2, ... as pandas names the columns of an array
    recurs = words = 0
    for i, cell in enumerate(first):
        column = [row[i] for row in body if row[i] not in marks]
        numeric = bool(column) and sum(bool(NUMBER.match(value)) for value in column) >= 0.8 * len(column)
        if numeric and NUMBER.match(cell):
            return False, f'the first line has "{cell}" where the lines below have numbers'
        if numeric and cell not in marks:
            return True, ""
        if not numeric and cell not in marks:
            words += 1
            recurs += cell in column
    if words and recurs >= 0.5 * words:
        return False, "the words of the first line occur again in the lines below"
    texts = [[cell, *(row[i] for row in body if row[i] not in marks)] for i, cell in enumerate(first)]
    if len(first) > 1 and all(is_text(cells[0]) and 2 * sum(map(is_text, cells[1:])) > len(cells) - 1 for cells in texts):
        return False, "the first line has sentences, as the lines below have"
    if numbered and not set(target) <= set(first):
        return False, f'the target is named by its number, and the first line has no name "{target[0]}"'
    return True, ""


def is_text(cell: str) -> bool:
    """Whether a cell looks like a sentence, and not like a name.

    >>> is_text("the dog runs home"), is_text("Go!"), is_text("sale price")
    (True, True, False)
    """
    return len(cell.split()) >= LEAST_WORDS or cell.endswith((".", "!", "...", "\u3002"))
