"""What a finding of the pre-flight is: the four parts of every problem, and the lines of the user's code that it is about.

An error refuses training: it would fail, or run and learn something else than was meant. A notice is printed: training runs, and
there are right programs that look the same, so that only their author can say.
"""

from __future__ import annotations

from dataclasses import dataclass

from .check_lines import Line


@dataclass(eq=False)
class Finding:
    """What was found, what was expected, why it matters, a fix to paste, and where in the user's code."""

    what: str
    expected: str
    fix: str
    why: str = ""
    where: tuple[Line, ...] = ()

    usual_why = ""  # of the class, where a finding has no reason of its own

    def __post_init__(self) -> None:
        self.where = tuple(dict.fromkeys(self.where))
        if self.where:
            self.what = f"{self.what.rstrip('.')} ({'; '.join(map(str, self.where))})"
        self.what = self.what if self.what.endswith(".") else f"{self.what}."
        self.why = self.why or self.usual_why

    @property
    def line(self) -> str:
        """The line of the user's code, as file:number: text; empty where there is none."""
        return str(self.where[0]) if self.where else ""
