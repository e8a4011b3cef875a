"""The door: from whatever the user has to a source, a schema and a split, with everything that should be said about them.

Each form of data has a door of its own; the first that knows the data takes it, and a table is what no other takes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..options import DataOptions
from ..problems import Notice, PlainloopError, quoted
from .given import Given, as_given
from .look_images import has_pictures, look_at_pictures
from .look_sequences import has_sequences, look_at_sequences
from .look_series import is_forecast, look_at_series
from .look_tables import look_at_table
from .seen import Look

DOORS: tuple[tuple[Callable[[Given], bool], Callable[[Given], Look]], ...] = (
    (has_pictures, look_at_pictures),
    (has_sequences, look_at_sequences),
    (is_forecast, look_at_series),
)


def look(
    source: Any,
    options: DataOptions,
    keep: Callable[[], Path] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Look:
    """Reads and understands the data. keep: the folder where data that is in memory is written; without it, a temporary one.

    progress: is told how many pictures are decoded, of how many.

    Raises: PlainloopError.
    """
    given = as_given(source, options, keep, progress)
    look_at = next((look_at for knows, look_at in DOORS if knows(given)), look_at_table)
    if given.on_disk or given.generated:
        return look_at(given)
    try:
        made = look_at(given)
    except PlainloopError as refusal:
        without_paths(refusal, given)
        raise
    for notice in made.notices:
        without_paths(notice, given)
    return made


def without_paths(problem: PlainloopError | Notice, given: Given) -> None:
    """Takes the files out of a message that data in memory was written to: the user knows nothing of them."""
    files = {path: part for part, paths in (("data", given.data), *given.files.items()) for path in paths}
    for path, part in files.items():
        words = "the data" if part == "data" else f"the {part} data"
        for line in ("what", "expected", "why"):
            setattr(problem, line, str(getattr(problem, line)).replace(path, words))
        problem.fix = problem.fix.replace(quoted(path), part.upper())
    if problem.what.startswith("the "):
        problem.what = "T" + problem.what[1:]
