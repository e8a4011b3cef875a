"""SHA-256 of files, remembered with their size and time, so that a second run need not read them again.

A digest is remembered only where the file was two seconds old when it was read: a younger one could change within the clock's
grain. Copied into ejected projects.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .containers import stamp

GRAIN = 2_000_000_000  # nanoseconds: the coarsest clock of common file systems
GROUP = 64  # files that a thread takes at a time
FEW = 64  # files that are quicker to read than to remember
MISSING = hashlib.sha256(b"").digest()  # stands for a file that cannot be opened
_seen: dict[str, tuple[int, int, str]] = {}  # path -> size, time, digest: what this process has read


def cache_folder() -> Path:
    """Where decoded pictures and digests are kept: $PLAINLOOP_CACHE, or plainloop in the user's folder of caches."""
    asked = os.environ.get("PLAINLOOP_CACHE")
    base = Path(asked) if asked else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plainloop"
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=base):
            return base
    except OSError:  # a home that cannot be written: the cache lasts as long as the machine runs
        base = Path(tempfile.gettempdir()) / f"plainloop-{os.getuid() if hasattr(os, 'getuid') else 0}"
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        return base


def threads() -> int:
    """As many threads as there are cores to use, at most 16."""
    return min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def content_digests(paths: Sequence[str]) -> list[bytes]:
    """The SHA-256 of each file's content, in order."""
    paths = [os.path.abspath(path) for path in paths]  # so that a file has one entry, from wherever it is seen
    stamps = [stamp(path) for path in paths]
    memory = None
    if any(path not in _seen for path in paths) and len(paths) > FEW:
        name = hashlib.sha256("\0".join(paths).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        memory = cache_folder() / f"digests-{name}.json"
        _recall(memory)
    todo = [i for i, path in enumerate(paths) if _seen.get(path, (-1, -1, ""))[:2] != stamps[i]]
    now = time.time_ns()
    groups = [todo[first : first + GROUP] for first in range(0, len(todo), GROUP)]
    with ThreadPoolExecutor(threads()) as pool:
        for group, digests in zip(groups, pool.map(lambda group: [_digest(paths[i]) for i in group], groups), strict=True):
            _seen.update({paths[i]: (*stamps[i], digest) for i, digest in zip(group, digests, strict=True)})
    made = [bytes.fromhex(_seen[path][2]) for path in paths]
    for i in todo:
        if now - stamps[i][1] < GRAIN:
            del _seen[paths[i]]
    if memory is not None and todo:
        _remember(memory, [path for path in paths if path in _seen])
    return made


def _digest(path: str) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size < 1 << 20:  # most pictures: without the large buffer of file_digest
                return hashlib.sha256(file.readall()).hexdigest()
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return MISSING.hex()


def _recall(memory: Path) -> None:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
        _seen.update({path: (int(size), int(when), bytes.fromhex(digest).hex()) for path, (size, when, digest) in known.items()})
    except (OSError, ValueError, TypeError, AttributeError):  # not there, or damaged: the files are read again
        return


def _remember(memory: Path, paths: list[str]) -> None:
    beside = memory.with_name(f".{memory.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps({path: _seen[path] for path in paths}), encoding="utf-8")
        os.replace(beside, memory)
    except (OSError, UnicodeError):  # without it the next run reads the files once more
        beside.unlink(missing_ok=True)
