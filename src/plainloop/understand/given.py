"""What the user gave, files or data in memory with options, as paths, target columns and shares. Where look.py begins."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..options import DataOptions, as_names
from ..sources import as_frame, is_in_memory, is_pictures, write, write_pictures
from .generated import GENERATED
from .probe import ReadOptions
from .setting_problems import BadShare


@dataclass
class Given:
    """A source with the options that belong to it, whatever it holds."""

    name: str  # what to call the data in messages
    data: list[str]  # paths, patterns among them
    files: dict[str, list[str]]  # part -> files of its own: "validation", "test"
    shares: dict[str, float]  # part -> share of the rows that it asked for
    target: list[str]  # as far as it is known before anything is read
    options: DataOptions
    on_disk: bool = True  # False: data that was in memory, or is generated
    generated: bool = False
    progress: Callable[[int, int], None] | None = None  # is told how many pictures are decoded, of how many

    @property
    def read(self) -> ReadOptions:
        """How files of rows are to be read."""
        options = self.options
        return ReadOptions(
            delimiter=options.delimiter,
            decimal=options.decimal,
            header=options.header,
            encoding=options.encoding,
            quote=options.quote,
            comment=options.comment,
            missing=tuple(as_names(options.missing)),
            member=options.member or "",
            skip_bad=options.skip_bad,
            tags=options.tags or "",
        )


def as_given(
    source: Any,
    options: DataOptions,
    keep: Callable[[], Path] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Given:
    """The source as files, those that were in memory written into the folder of `keep`, without it into a temporary one.

    Raises: BadShare, and what writing a frame raises.
    """
    asked = {part: getattr(options, part) for part in ("validation", "test")}
    shares = {part: float(value) for part, value in asked.items() if is_share(value)}
    own = {part: value for part, value in asked.items() if value is not None and part not in shares}
    folder = keep or _temporary
    target = as_names(options.target)
    if is_generated(source):
        path, column = GENERATED[source](folder())
        made = Given(source, [path], {}, shares, target or [column], options, on_disk=False, generated=True)
    elif not is_in_memory(source):
        data = [str(path) for path in source] if isinstance(source, (list, tuple)) else [str(source)]
        name = Path(data[0].rstrip("/")).name.split(".")[0].strip("*?") or "data"
        made = Given(name, data, {}, shares, target, options)
    else:
        place = folder()
        if not is_pictures(source):
            source, target = as_frame(source, target)
        first = put(source, target, place, "pictures" if is_pictures(source) else "table")
        own = {part: put(value, target, place, part) if is_in_memory(value) else value for part, value in own.items()}
        made = Given("data", [first], {}, shares, target, options, on_disk=False)
    made.files = {part: [str(path)] for part, path in own.items()}
    made.progress = progress
    return made


def put(value: Any, target: list[str], place: Path, name: str) -> str:
    """Writes rows or pictures that are in memory and returns the path."""
    return write_pictures(value, place, name) if is_pictures(value) else write(as_frame(value, target)[0], place, name)


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="plainloop-"))


def is_generated(source: Any) -> bool:
    """Whether the source is the name of data that plainloop makes, and no file."""
    return isinstance(source, str) and source in GENERATED and not Path(source).exists()


def is_share(value: Any) -> bool:
    """Whether --validation or --test is a share of the rows rather than a file. Raises: BadShare."""
    if value is None or (not isinstance(value, (str, int, float))):
        return False
    try:
        share = float(value)
    except ValueError:
        return False
    if not 0 <= share < 1:
        raise BadShare(value)
    return True
