"""All pictures of a column, decoded once into a memory-mapped array on the disk, so that a second run starts at once.

The array stands in the cache under a digest of the pictures' contents, the size they are brought to and the versions of what
decodes them. It is filled in pieces by several threads; a piece counts when its pixels are on the disk, so a run that was killed
goes on where it was. When the array is full it gets its final name. Copied into ejected projects.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .cache_limit import hold, make_room
from .containers import Unreadable, array_of, is_array_file, parts_of, read_bytes, stamp
from .content_digests import cache_folder, content_digests, threads
from .image_faults import DamagedPictures, NoRoomForPixels, UnreadablePictures, UnsafeNames
from .pixels import Header, Size, Trait, decode, fit

RULES = 1  # goes up when the same bytes would give other pixels
PIECE_BYTES = 32_000_000  # pixels that are written before they count as done
GROUP = 16  # pictures that a thread takes at a time
ROOM_LEFT = 500_000_000
WAITING, GOOD, BAD = 0, 1, 2
FACTS = np.dtype([("state", "u1"), ("traits", "u1"), ("kind", "u1"), ("height", "<i4"), ("width", "<i4")])
KINDS = ("", "JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "array", "MPO", "DIB")


@dataclass(frozen=True, eq=False)
class Pixels:
    """The decoded pictures, in the order of their names.

    Shape: array uint8 (n, height, width, C), memory-mapped; facts (n,) of state, traits, kind, height, width before resizing.
    """

    array: np.ndarray
    facts: np.ndarray
    bad: dict[int, str]  # place -> why the picture cannot be decoded

    def check(self, places: np.ndarray, names: Sequence[str]) -> None:
        """Raises: UnreadablePictures where one of the places cannot be decoded."""
        wanted = np.unique(places)
        bad = [(names[i], self.bad[i]) for i in wanted[self.facts["state"][wanted] == BAD].tolist()]
        if bad:
            raise UnreadablePictures(bad, len(wanted))


def pixels_of(names: Sequence[str], size: Size, progress: Callable[[int, int], None] | None = None) -> Pixels:
    """The pictures of the given names at the given size; decoded now where the cache has them not.

    progress: is told how many are done, of how many.
    Raises: NoRoomForPixels, DamagedPictures.
    """
    files = sorted({parts_of(name)[0] for name in names})
    stamps = tuple(stamp(file) for file in files)
    return _pixels(tuple(names), size, tuple(files), stamps, _Progress(progress))


class _Progress:
    """A callback that counts for nothing in a cache key."""

    def __init__(self, tell: Callable[[int, int], None] | None):
        self.tell = tell or (lambda done, total: None)

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Progress)


@lru_cache(maxsize=4)
def _pixels(
    names: tuple[str, ...], size: Size, files: tuple[str, ...], stamps: tuple[tuple[int, int], ...], progress: _Progress
) -> Pixels:
    base = cache_folder() / f"pixels-{key_of(names, size, files)}"
    try:
        return _load(base)
    except (OSError, ValueError):  # not there yet, or damaged
        return _fill(names, size, base, progress.tell)


def key_of(names: Sequence[str], size: Size, files: Sequence[str]) -> str:
    """What the pixels depend on: contents, size, and the versions of the decoders; not where the files lie."""
    contents = dict(zip(files, content_digests(files), strict=True))
    total = hashlib.sha256(repr((RULES, tuple(size), *map(version, ("pillow", "simplejpeg", "torch")))).encode())
    for name in names:
        file, member = parts_of(name)
        total.update(contents[file] + member.encode("utf-8", "surrogateescape") + b"\0")
    return total.hexdigest()[:40]


def _load(base: Path) -> Pixels:
    """The pixels as they stand in the cache; their file is held for as long as the array, or a part of it, is in use.

    Raises: OSError, ValueError where they are not there or not whole.
    """
    with ExitStack() as opened:
        opened.enter_context(hold(base.with_suffix(".npy")))
        facts = np.load(base.with_suffix(".facts.npy"))
        bad = json.loads(base.with_suffix(".bad.json").read_text(encoding="utf-8"))
        array = np.load(base.with_suffix(".npy"), mmap_mode="c")  # copy on write: torch wants it writable, the file stays as is
        if not (facts["state"] != WAITING).all() or len(facts) != len(array):
            raise ValueError("the cache is not complete")
        weakref.finalize(array, opened.pop_all().close)  # a tensor of some rows keeps the whole array
    return Pixels(array, facts, {int(place): reason for place, reason in bad.items()})


def _fill(names: Sequence[str], size: Size, base: Path, tell: Callable[[int, int], None]) -> Pixels:
    """Decodes what is still to be done and gives the array its final name."""
    shape = (len(names), size.height, size.width, size.channels)
    part, facts_part = base.with_suffix(".part.npy"), base.with_suffix(".part.facts.npy")
    if not part.exists():
        needed = int(np.prod(shape))
        make_room(base.parent, needed, shutil.disk_usage(base.parent).free - ROOM_LEFT)
        free = shutil.disk_usage(base.parent).free
        if needed + ROOM_LEFT > free:
            raise NoRoomForPixels(str(base.parent), needed, free)
    array = _open(part, np.dtype(np.uint8), shape)
    with hold(part):
        bad = _decode(names, size, array, _open(facts_part, FACTS, (len(names),)), tell)
        _write(base.with_suffix(".bad.json"), json.dumps(bad).encode())
        for source, target in ((facts_part, base.with_suffix(".facts.npy")), (part, base.with_suffix(".npy"))):
            try:
                os.replace(source, target)
            except FileNotFoundError:  # another process was faster, with the same pixels
                if not target.exists():
                    raise
        return _load(base)


def _decode(
    names: Sequence[str], size: Size, array: np.memmap, facts: np.memmap, tell: Callable[[int, int], None]
) -> dict[int, str]:
    """Fills in the pictures that are not yet there, piece by piece; which cannot be decoded, and why."""
    bad: dict[int, str] = {}
    todo = np.flatnonzero(facts["state"] != GOOD)  # what was bad is looked at again, to say why
    piece = max(64, PIECE_BYTES // max(1, int(np.prod(array.shape[1:]))))
    done = len(names) - len(todo)
    tell(done, len(names))
    with ThreadPoolExecutor(threads()) as pool:
        for start in range(0, len(todo), piece):
            places = todo[start : start + piece].tolist()
            groups = [places[first : first + GROUP] for first in range(0, len(places), GROUP)]
            made = np.zeros(len(places), FACTS)
            row = 0
            for results in pool.map(lambda group: [_one(names[place], size, array, place) for place in group], groups):
                for result in results:
                    if isinstance(result, str):
                        bad[places[row]] = result
                        made[row] = (BAD, 0, 0, 0, 0)
                    else:
                        kind = KINDS.index(result.kind) if result.kind in KINDS else 0
                        made[row] = (GOOD, int(result.traits), kind, result.height, result.width)
                    row += 1
                tell(done + row, len(names))
            done += row
            array.flush()  # the pixels are on the disk before the facts call them good
            facts[places] = made
            facts.flush()
    tell(len(names), len(names))
    return bad


def _open(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.memmap:
    """The array of an earlier attempt, or a new one of zeros."""
    try:
        found = np.lib.format.open_memmap(path, mode="r+")
        if found.shape == shape and found.dtype == dtype:
            return found
    except (OSError, ValueError):
        pass
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    np.lib.format.open_memmap(beside, mode="w+", dtype=dtype, shape=shape).flush()
    os.replace(beside, path)
    return np.lib.format.open_memmap(path, mode="r+")


def _one(name: str, size: Size, array: np.ndarray, place: int) -> Header | str:
    """Decodes one picture into its place; a text says why it cannot be."""
    try:
        if is_array_file(parts_of(name)[0]):
            pixels, header = _from_array(name, size)
        else:
            pixels, header = decode(read_bytes(name), size)
    except Unreadable as reason:
        return str(reason)
    except (DamagedPictures, UnsafeNames) as fault:
        return f"is in a file that cannot be read ({fault.what[:80]})"
    array[place] = pixels
    return header


def _from_array(name: str, size: Size) -> tuple[np.ndarray, Header]:
    rows, row = array_of(name)
    pixels = rows[row] if rows.ndim == 4 else rows[row][:, :, None]
    traits = Trait.GREY if pixels.shape[2] == 1 else Trait(0)
    if pixels.shape[2] == 4:  # transparency on white
        alpha = pixels[:, :, 3:].astype(np.uint32)
        pixels, traits = ((pixels[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8), Trait.TRANSPARENT
    height, width = pixels.shape[:2]
    if size.mode == "grey" and pixels.shape[2] == 3:  # the weights of ITU-R 601, as JPEG and pillow have them
        grey = (pixels.astype(np.uint32) * np.array([19595, 38470, 7471], np.uint32)).sum(2, keepdims=True)
        pixels = ((grey + 32768) >> 16).astype(np.uint8)
    elif size.mode == "rgb" and pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    return fit(np.ascontiguousarray(pixels), size), Header("array", height, width, traits)


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    os.replace(beside, path)
