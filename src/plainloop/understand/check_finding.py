"""What the pre-flight answers: findings, each with the four parts of every problem and the lines of the user's code.

An error refuses training: it would fail, or run and learn something else than was meant. A notice is printed: training runs, and
there are right programs that look the same, so that only their author can say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..problems import PlainloopError
from .check_lines import Line

LOOKED = (
    "types, shapes and devices of inputs, labels and weights",
    "the range of the labels",
    "the loss against the last activation",
    "rows that stay apart, other batch sizes, evaluation mode",
    "gradients of every parameter, the optimizer's parameters",
    "the first loss, the scale of inputs and gradients, the first steps",
)


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


@dataclass
class Checked:
    """What the pre-flight found.

    findings: errors first; each has what, expected, why, fix and line. ok: whether there is no error.
    """

    findings: list[Finding]
    rows: int = 0
    device: str = "cpu"
    loss: str = ""
    seconds: float = 0.0
    looked: tuple[str, ...] = LOOKED
    skipped: tuple[str, ...] = ()  # parts that could not be tried, with the reason

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if isinstance(finding, PlainloopError)]

    @property
    def notices(self) -> list[Finding]:
        return [finding for finding in self.findings if not isinstance(finding, PlainloopError)]

    def raise_for_errors(self) -> Checked:
        """Raises: the first error."""
        for error in self.errors:
            assert isinstance(error, PlainloopError)
            raise error
        return self

    def as_dict(self) -> dict[str, Any]:
        """What --json prints."""
        return {
            "ok": self.ok,
            "findings": [
                {
                    "kind": "error" if isinstance(f, PlainloopError) else "warning",
                    "name": type(f).__name__,
                    "what": f.what,
                    "expected": f.expected,
                    "why": f.why,
                    "fix": f.fix,
                    "line": f.line,
                }
                for f in self.findings
            ],
            "looked": list(self.looked),
            "skipped": list(self.skipped),
            "rows": self.rows,
            "device": self.device,
            "seconds": round(self.seconds, 3),
        }

    def __repr__(self) -> str:
        return f"Checked(ok={self.ok}, findings=[{', '.join(type(f).__name__ for f in self.findings)}])"

    def __str__(self) -> str:
        parts = [finding_text(finding) for finding in self.findings]
        if not self.findings:
            loss = f", loss {self.loss}" if self.loss else ""
            parts.append(
                f"nothing wrong found: {self.rows} rows through forward, loss, backward and steps on {self.device}{loss}\n"
                "looked at: " + "; ".join(self.looked)
            )
        if self.skipped:
            parts.append("not looked at: " + "; ".join(self.skipped))
        return "\n\n".join(parts)


def finding_text(finding: Finding) -> str:
    """A finding with its kind before it, the following lines set in."""
    first, *rest = str(finding).splitlines()
    kind = "error" if isinstance(finding, PlainloopError) else "warning"
    return "\n".join([f"{kind}: {first}", *(f"  {line}" for line in rest)])
