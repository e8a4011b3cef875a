# needs: polars
"""Reads lines that are no table: two files of lines that belong together, "IN: ... OUT: ...", "__label__good What a film".

Called by tables.py, which reads the bytes. Copied into ejected projects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np
import polars as pl

from ..faults import Fault, shorten

IN_OUT = re.compile(r"\s*IN:\s*(.*?)\s*OUT:\s*(.*?)\s*")
LABELS = re.compile(r"((?:__label__\S+\s+)*(?:__label__\S+)?)\s*(.*)")  # fastText's form: the labels of a line stand first
MOST_COMPARED = 200_000  # lines that are looked at to find where two files part


@dataclass(eq=False)
class LinesDiffer(Fault):
    """Two files of lines that belong together do not have equally many.

    What it does: refuses the files, and names the first line at which they seem to slip: from there on the lengths of the lines
    fit better one or more lines apart.
    Why: line 7 of one file must be the translation of line 7 of the other; after a lost line every pair is wrong.
    Example: train.en has 29,000 lines, train.de has 28,999.
    Fix: put the missing line back, or take the extra one out.
    """

    files: tuple[str, str]
    counts: tuple[int, int]
    line: int
    texts: tuple[str, str]

    def __post_init__(self) -> None:
        (one, other), (lines, others) = (Path(self.files[0]).name, Path(self.files[1]).name), self.counts
        self.what = f"{one} has {lines:,} lines, {other} has {others:,}."
        self.expected = "Expected as many lines in both: line 7 of one belongs to line 7 of the other."
        first, second = (shorten(text, 60) for text in self.texts)
        self.why = f"They seem to slip at line {self.line}: {first} beside {second}."
        self.fix = f"look at line {self.line} of both files, put the missing line back or take the extra one out"

    @classmethod
    def example(cls) -> LinesDiffer:
        return cls(("train.en", "train.de"), (29000, 28999), 412, ("A man is sleeping.", "Zwei Hunde spielen im Schnee."))


@dataclass(eq=False)
class NotInOut(Fault):
    """A line that is not written "IN: ... OUT: ..." as the others are.

    What it does: refuses the file, with the number of the line.
    Why: there is no telling which part of the line is asked and which is the answer.
    Example: IN: jump twice
    Fix: write the line as the others are written.
    """

    file: str
    line: int
    text: str
    count: int = field(default=1)

    def __post_init__(self) -> None:
        more = f", and {self.count - 1} more" if self.count > 1 else ""
        self.what = f'{Path(self.file).name} line {self.line}{more}: {shorten(self.text, 60)} is not "IN: ... OUT: ...".'
        self.expected = 'Expected "IN:" and "OUT:" in every line, as in the first.'
        self.fix = f"correct line {self.line} of {self.file}"

    @classmethod
    def example(cls) -> NotInOut:
        return cls("tasks.txt", 17, "IN: jump twice")


def lines_of(data: bytes) -> list[str]:
    """The lines of a text; an empty one in the middle is a line, what stands behind the last line end is none."""
    lines = data.decode("utf-8").split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]


def read_lines(files: Sequence[str], data: Sequence[bytes], names: Sequence[str]) -> tuple[pl.DataFrame, np.ndarray]:
    """A column for each file, a row for each line. Raises: LinesDiffer."""
    found = [lines_of(one) for one in data]
    for other in found[1:]:
        if len(other) != len(found[0]):
            line = first_slip(found[0], other)
            texts = tuple(lines[line] if line < len(lines) else "" for lines in (found[0], other))
            raise LinesDiffer((files[0], files[1]), (len(found[0]), len(other)), line + 1, (texts[0], texts[1]))
    frame = pl.DataFrame([pl.Series(name, lines, dtype=pl.String) for name, lines in zip(names, found, strict=True)])
    return frame, np.arange(1, len(frame) + 1)


def read_in_out(file: str, data: bytes, names: Sequence[str]) -> tuple[pl.DataFrame, np.ndarray]:
    """Two columns, what stands behind IN: and what stands behind OUT:; lines without anything are left out. Raises: NotInOut."""
    lines = [(number, line) for number, line in enumerate(lines_of(data), 1) if line]
    found = [IN_OUT.fullmatch(line) for _, line in lines]
    wrong = [place for place, match in enumerate(found) if match is None]
    if wrong:
        raise NotInOut(file, *lines[wrong[0]], len(wrong))
    pairs = [match.groups() for match in found if match]
    frame = pl.DataFrame([pl.Series(name, [pair[i] for pair in pairs], dtype=pl.String) for i, name in enumerate(names)])
    return frame, np.array([number for number, _ in lines], np.int64)


def read_labelled(data: bytes, names: Sequence[str]) -> tuple[pl.DataFrame, np.ndarray]:
    """Two columns, the text of a line and the labels before it with a space between; null where a line has none.

    >>> read_labelled(b"__label__pan __label__egg, How long?\\n", ["text", "label"])[0].rows()
    [('How long?', 'pan egg')]
    """
    lines = [(number, line) for number, line in enumerate(lines_of(data), 1) if line]
    found = [match.groups() for _, line in lines if (match := LABELS.fullmatch(line))]
    labels = [" ".join(word.removeprefix("__label__").rstrip(",") for word in said.split()) or None for said, _ in found]
    frame = pl.DataFrame([[text or None for _, text in found], labels], schema=dict.fromkeys(names, pl.String))
    return frame, np.array([number for number, _ in lines], np.int64)


def first_slip(one: list[str], other: list[str]) -> int:
    """The line, from 0, at which two files slip: before it their lengths fit line by line, after it so many lines apart.

    >>> first_slip(["a b c d e f", "a", "a b c d", "a b"], ["a b c d e f", "a b c d", "a b"])
    1
    """
    one, other = one[:MOST_COMPARED], other[:MOST_COMPARED]
    gap = len(one) - len(other)
    count = min(len(one), len(other))

    def misfit(first: list[str], second: list[str]) -> list[float]:
        ratios = [math.log((len(a) + 1) / (len(b) + 1)) for a, b in zip(first, second, strict=False)]
        usual = sorted(ratios)[len(ratios) // 2] if ratios else 0.0
        return [abs(ratio - usual) for ratio in ratios]

    before = [0.0, *accumulate(misfit(one, other))]  # the first k lines, side by side
    shifted = misfit(one[gap:], other) if gap > 0 else misfit(one, other[-gap:])
    after = [0.0, *accumulate(shifted[::-1])][::-1]  # the lines from k on, so many apart
    return min(range(count + 1), key=lambda place: before[place] + after[min(place, len(after) - 1)])
