"""Finds the rows and fields of delimited text, so that a bad row is named by its line. Copied into ejected projects.

Polars does the parsing; it fills short rows with nothing and cannot say in which line a quote was left open.
"""

from __future__ import annotations

import re

import numpy as np

from .table_faults import BrokenQuotes

PIECE = 1 << 24  # bytes that are looked at together


def one_byte_delimiter(data: bytes, delimiter: str, quote: str) -> tuple[bytes, str]:
    """The data with a delimiter of one byte and no space between it and a quote, and that delimiter.

    A space as delimiter means any run of spaces and tabs; of a longer delimiter a control character takes the place.
    """
    if delimiter == " ":
        return re.sub(rb"(?m)^ +| +$", b"", re.sub(rb"[ \t]+", b" ", data)), " "
    if len(delimiter.encode()) > 1:
        data, delimiter = data.replace(delimiter.encode(), b"\x1f"), "\x1f"
    if quote and f"{delimiter} {quote}".encode() in data:
        sign, mark = re.escape(quote.encode()), re.escape(delimiter.encode())
        data = re.sub(mark + b" +" + sign + b"(?!" + sign + b")", (delimiter + quote).encode(), data)
    return data, delimiter


def scan(name: str, data: bytes, delimiter: str, quote: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where each row starts and ends, how many fields it has, and its line number. A row may span lines inside quotes.

    Shape: four int64 arrays (rows,).
    """
    text = np.frombuffer(data, np.uint8)
    ends = places_of(text, 10)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    cuts = places_of(text, ord(delimiter))
    newlines = ends
    if quote and quote.encode() in data:
        quotes = places_of(text, ord(quote))
        if (wrong := wrong_quote(text, quotes, delimiter)) >= 0:
            line = data[: quotes[wrong]].count(b"\n") + 1
            raise BrokenQuotes(name, line, quote, data[quotes[wrong] :][:80].split(b"\n")[0].decode("utf-8", "replace"))
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]  # an odd number of quotes before it: inside a quoted cell
        cuts = cuts[np.searchsorted(quotes, cuts) % 2 == 0]
    starts = np.append(0, ends[:-1] + 1)
    fields = np.diff(np.searchsorted(cuts, ends), prepend=0) + 1
    return starts, ends, fields, np.searchsorted(newlines, starts) + 1


def places_of(text: np.ndarray, sign: int) -> np.ndarray:
    """Where a byte occurs, a piece at a time: a mask of the whole text would be as large as the text. Shape: int64."""
    pieces = range(0, max(1, len(text)), PIECE)
    return np.concatenate([np.flatnonzero(text[first : first + PIECE] == sign) + first for first in pieces])


def signs_at(text: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The bytes at these places; before the first and behind the last one stands the end of a line."""
    inside = (places >= 0) & (places < len(text))
    return np.where(inside, text[np.clip(places, 0, max(0, len(text) - 1))], 10)


def wrong_quote(text: np.ndarray, quotes: np.ndarray, delimiter: str) -> int:
    """The number of the quote that opens a cell and is not closed as it should be; -1 where all is well."""
    allowed = [10, ord(delimiter), int(text[quotes[0]])]
    opens, closes = quotes[::2], quotes[1::2]
    bad_open = np.flatnonzero(~np.isin(signs_at(text, opens - 1), allowed))
    bad_close = np.flatnonzero(~np.isin(signs_at(text, closes + 1), allowed))
    firsts = [*(2 * bad_open[:1]), *(2 * bad_close[:1])]  # of a bad pair, the opening one is shown
    if len(quotes) % 2:
        firsts.append(len(quotes) - 1)
    return int(min(firsts, default=-1))


def arff_names(data: bytes) -> tuple[list[str], int]:
    """The attribute names of an ARFF file and the number of lines up to and with @data."""
    names: list[str] = []
    for number, line in enumerate(data.decode("utf-8").split("\n"), 1):
        if found := re.match(r"""\s*@attribute\s+(?:'([^']*)'|"([^"]*)"|(\S+))""", line, re.IGNORECASE):
            names.append(next(group for group in found.groups() if group is not None))
        if line.strip().lower() == "@data":
            return names, number
    return names, 0
