"""Keeps the cache of decoded pictures and encoded texts below a size: what was used longest ago goes first, what is in use never.

An array is in use while a process holds a shared lock on its file; the system takes the lock back when the process ends, however
it ends. The time of the last use is the file's own time. Used by pixel_cache.py and columns/text.py. Copied into ejected
projects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows has none, and refuses to remove a file that is open
    fcntl = None  # type: ignore[assignment]

BESIDE = {".npy": (".facts.npy", ".bad.json"), ".bin": (".lengths.npy",)}  # ending of an array -> of what belongs to it
LIMIT_GB = 20.0  # where $PLAINLOOP_CACHE_GB says nothing else


def limit() -> int:
    """The most bytes that the arrays of the cache may have together."""
    try:
        return int(float(os.environ.get("PLAINLOOP_CACHE_GB", LIMIT_GB)) * 1e9)
    except ValueError:
        return int(LIMIT_GB * 1e9)


def hold(array: Path) -> BinaryIO:
    """Marks an array as used now and in use until the file that is returned is closed. Raises: OSError where it is not there."""
    file = open(array, "rb")  # noqa: SIM115 - held open by the caller
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_ino != array.stat().st_ino:
            raise FileNotFoundError(array)  # it was removed, or made anew, before the lock was there
    except OSError:
        file.close()
        raise
    with suppress(OSError):
        os.utime(array)
    return file


def make_room(folder: Path, needed: int, free: int) -> None:
    """Removes arrays until `needed` more bytes fit below the limit and into what is free on the disk, as far as there are unused
    ones."""
    sizes = {path: path.stat() for path in arrays(folder)}
    over = max(sum(found.st_size for found in sizes.values()) + needed - limit(), needed - free)
    for path in sorted(sizes, key=lambda path: sizes[path].st_mtime_ns):
        if over <= 0:
            return
        with alone(path) as unused:
            if unused:
                for other in (path, *(path.with_suffix(end) for end in BESIDE[path.suffix])):
                    with suppress(OSError):
                        other.unlink()
                over -= sizes[path].st_size


def arrays(folder: Path) -> list[Path]:
    pixels = [path for path in folder.glob("pixels-*.npy") if not path.name.endswith(".facts.npy")]
    return [*pixels, *folder.glob("tokens-*.bin")]


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether nobody uses the file; nobody can begin to while this lasts."""
    try:
        with open(path, "rb") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
    except OSError:  # locked by another, or gone
        yield False
