"""What can go wrong while a run is under way, in words. Copied into ejected projects.

A `Fault` is a refusal with four parts: what happened and where, what was expected, why it matters, and a fix that can be
pasted. The caller prints it without a traceback and ends with its `exit_code`.
"""

from __future__ import annotations


class Fault(ValueError):
    """A refusal in the user's words.

    Subclasses are small dataclasses that set `what`, `expected`, `why` and `fix`; `str()` joins them, one line each.
    """

    exit_code = 2  # 2 refused input or options, 3 refused resume, 4 training failed, 5 storage, 6 run folder busy
    what = ""
    expected = ""
    why = ""
    fix = ""

    def __str__(self) -> str:
        lines = [self.what, self.expected, self.why, f"Fix: {self.fix}" if self.fix else ""]
        return "\n".join(line for line in lines if line)


class Stopped(Exception):
    """Training was asked to stop by a signal; the state is saved and `resume` goes on from it."""

    def __init__(self, signal_number: int):
        super().__init__(f"stopped by signal {signal_number}; the state is saved")
        self.exit_code = 128 + signal_number  # 130 for Ctrl-C, 143 for SIGTERM


def shorten(value: object, limit: int = 40) -> str:
    """A value as it is shown in a message: quoted, control characters escaped, at most `limit` characters.

    >>> shorten("n/a")
    '"n/a"'
    """
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
    return f'"{text if len(text) <= limit else text[: limit - 1] + "…"}"'
