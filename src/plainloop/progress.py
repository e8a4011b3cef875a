"""A bar on the terminal for work that is counted, such as decoding pictures; nothing where no terminal is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that is told (done, total); the bar goes when the work is done, and never shows where nothing is to do."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    task = shown.add_task(what, total=None)
    started = False

    def tell(done: int, total: int) -> None:
        nonlocal started
        if not started and done < total:
            shown.start()
            started = True
        shown.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        if started:
            shown.stop()
