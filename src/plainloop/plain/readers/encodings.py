"""What the bytes of a file say about how its text is written. Copied into ejected projects."""

from __future__ import annotations

import codecs
import re

PIECE = 1 << 24  # bytes that are looked at together
HEAD = 65_536  # bytes that tell whether a text without a mark takes two bytes for a letter
MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def wide(data: bytes) -> str:
    """utf-16 or utf-32 where the bytes begin with its mark, utf-16-le or -be where every other byte is zero; else "".

    >>> wide("film".encode("utf-16-le") * 20), wide("film".encode("utf-16")), wide(b"film\\0" * 20)
    ('utf-16-le', 'utf-16', '')
    """
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return name
    head = data[: min(HEAD, len(data) // 2 * 2)]
    first, second = head[::2].count(0), head[1::2].count(0)
    if max(first, second) < 0.3 * len(head) or min(first, second) > 0.01 * len(head):
        return ""
    name = "utf-16-le" if second > first else "utf-16-be"
    try:
        text = data[: len(data) // 2 * 2].decode(name)
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"[\x00-\x08\x0e-\x1f]", text) else name


def not_utf8(data: bytes) -> int:
    """Where the first byte stands that is no UTF-8, -1 where all are; a piece at a time, for letters take up to 4 bytes each."""
    decoder, first = codecs.getincrementaldecoder("utf-8")(), 0
    while first < len(data) or first == 0:
        last, waiting = first + PIECE >= len(data), len(decoder.getstate()[0])
        try:
            decoder.decode(data[first : first + PIECE], last)
        except UnicodeDecodeError as error:
            return first - waiting + error.start
        first += PIECE
    return -1
