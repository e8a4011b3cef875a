"""What can be wrong with a file of whole series, in words; sequences.py raises it. Copied into ejected projects."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ..faults import Fault


@dataclass(eq=False)
class BadSeriesFile(Fault):
    """A file of series that cannot be read.

    What it does: refuses a .ts file, or one of many files of series, whose lines are not as its kind has them.
    Why: a variable more or less in one line would move all the others.
    Example: line 17 has 5 variables, the lines before have 6.
    Fix: correct the line.
    """

    file: str
    line: int
    found: str
    wanted: str

    def __post_init__(self) -> None:
        place = f"{self.file} line {self.line}" if self.line else self.file
        self.what = f"{place}: {self.found}."
        self.expected = f"Expected {self.wanted}."
        self.why = "A series that is read wrongly is learned wrongly."
        self.fix = f"correct {place}, then: plainloop inspect {shlex.quote(self.file)}"

    @classmethod
    def example(cls) -> BadSeriesFile:
        return cls("gestures.ts", 17, "it has 5 variables", "6 variables, with a colon between them, and the label behind")
