"""The same picture twice: byte for byte, or by its look, across the parts of the split and within the data.

The look is a difference hash: the picture as 8 x 9 grey fields, one bit for each pair of neighbours in a row, set where the
right one is brighter (Krawetz 2013). Hashes that differ in at most 3 bits are candidates; small thumbnails of both decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn.functional import interpolate

from ..plain.readers.containers import Unreadable, is_array_file, parts_of, read_bytes
from ..plain.readers.content_digests import content_digests
from ..plain.readers.pixel_cache import GOOD
from ..problems import Notice
from .image_problems import PicturesAcrossSplit, PicturesTwice
from .picture_facts import Pictures

MOST_BITS = 3  # that the hashes of two copies may differ in
MOST_DIFFERENCE = 3.0  # grey levels that their thumbnails may differ by, on the average
MOST_ALIKE = 64  # pictures of one hash that are compared; more are plain backgrounds
THUMBNAIL = 16
FLAT = 4.0  # spread of a thumbnail below which it shows nothing to compare


def copies(
    pictures: Pictures,
    rows: Mapping[str, np.ndarray],
    labels: Sequence[str | None] = (),
    target: Sequence[str] = (),
    same: bool = True,
) -> list[Notice]:
    """What there is to say about copies, each picture counted once however many rows name it.

    rows: part of the split -> row numbers; labels: of the rows, where they are classes; target: the columns that a command names;
    same: whether a picture that rows of two parts name counts, too.
    """
    contents, names, codes = contents_of(pictures), pictures.cells.words, pictures.cells.codes
    found: list[Notice] = [*_within(pictures.data, names, contents, _by_place(codes, labels))]
    parts = {part: np.unique(codes[own][codes[own] >= 0]) for part, own in rows.items()}
    train = parts.pop("train", np.zeros(0, np.int64))
    if not len(train) or not any(map(len, parts.values())):
        return found
    hashes, thumbnails = looks(pictures.pixels.array)
    shown = (pictures.pixels.facts["state"] == GOOD) & (thumbnails.std(1) >= FLAT)
    first = {contents[place]: place for place in train[::-1].tolist() if contents[place]}
    for part in ("test", "validation"):
        own = parts.get(part, np.zeros(0, np.int64))
        named_twice = np.isin(own, train)
        exact = [(place, place) for place in own[named_twice].tolist() if same and contents[place]]
        rest = own[~named_twice]
        exact += [(place, first[contents[place]]) for place in rest.tolist() if contents[place] in first]
        taken = {place for place, _ in exact}
        left = np.array([place for place in rest.tolist() if place not in taken and shown[place]], np.int64)
        near = alike(hashes, thumbnails, left, train[shown[train]])
        if exact or near:
            by_bytes, by_look = ([(names[a], names[b]) for a, b in some] for some in (exact, near))
            found.append(PicturesAcrossSplit(pictures.data, part, by_bytes, by_look, len(own), list(target)))
    return found


def _by_place(codes: np.ndarray, labels: Sequence[str | None]) -> dict[int, str | None]:
    """The label of each picture in the first of its rows."""
    return dict(zip(codes[: len(labels)][::-1].tolist(), labels[::-1], strict=True))


def contents_of(pictures: Pictures) -> list[bytes]:
    """What equal pictures have in common: the digest of their file or of the member of an archive, or their pixels."""
    names, state = pictures.cells.words, pictures.pixels.facts["state"]
    loose = [name for place, name in enumerate(names) if state[place] == GOOD and not parts_of(name)[1]]
    digests = dict(zip(loose, content_digests(loose), strict=True))
    found = []
    for place, name in enumerate(names):
        if state[place] != GOOD:
            found.append(b"")
        elif name in digests:
            found.append(digests[name])
        else:
            found.append(_inside(name, pictures.pixels.array[place]))
    return found


def _inside(name: str, pixels: np.ndarray) -> bytes:
    import hashlib

    if not is_array_file(parts_of(name)[0]):
        try:
            return hashlib.sha256(read_bytes(name)).digest()
        except Unreadable:
            return b""
    return hashlib.sha256(pixels.tobytes()).digest()


def _within(named: str, names: Sequence[str], contents: list[bytes], labels: Mapping[int, str | None]) -> list[Notice]:
    first: dict[bytes, int] = {}
    again: list[tuple[int, int]] = []
    for place, content in enumerate(contents):
        if content and first.setdefault(content, place) != place:
            again.append((first[content], place))
    if not again:
        return []
    differ = [(names[a], names[b]) for a, b in again if None not in (labels.get(a), labels.get(b)) and labels[a] != labels[b]]
    return [PicturesTwice(named, len(again), len(names), differ, (names[again[0][0]], names[again[0][1]]))]


def looks(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The difference hash and a grey thumbnail of each picture.

    Shape: array uint8 (n, H, W, C) -> uint64 (n,), float32 (n, THUMBNAIL * THUMBNAIL).
    """
    hashes = np.zeros(len(array), np.uint64)
    thumbnails = np.zeros((len(array), THUMBNAIL * THUMBNAIL), np.float32)
    powers = np.uint64(1) << np.arange(64, dtype=np.uint64)
    for start in range(0, len(array), 512):
        grey = torch.from_numpy(np.ascontiguousarray(array[start : start + 512])).float().mean(3)[:, None]  # (b, 1, H, W)
        fields = interpolate(grey, (8, 9), mode="area")[:, 0]  # (b, 8, 9)
        bits = (fields[:, :, 1:] > fields[:, :, :-1] + 0.5).flatten(1).numpy()  # (b, 64)
        hashes[start : start + 512] = (bits.astype(np.uint64) * powers).sum(1, dtype=np.uint64)
        thumbnails[start : start + 512] = interpolate(grey, (THUMBNAIL, THUMBNAIL), mode="area").flatten(1).numpy()
    return hashes, thumbnails


def alike(hashes: np.ndarray, thumbnails: np.ndarray, rows: np.ndarray, train: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of a row and a train row that look the same, one for each row at most.

    Two hashes that differ in at most 3 of 64 bits are equal in one of four bands of 16 bits, so only those are compared.
    """
    found: dict[int, int] = {}
    for band in range(4):
        keys = ((hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)).astype(np.int64)
        order = train[np.argsort(keys[train], kind="stable")]
        first = np.searchsorted(keys[order], keys[rows], side="left")
        count = np.searchsorted(keys[order], keys[rows], side="right") - first
        crowded = count > MOST_ALIKE
        _compare(hashes, thumbnails, rows[~crowded], order, first[~crowded], count[~crowded], found)
    order = train[np.argsort(hashes[train], kind="stable")]  # in crowded bands only equal hashes are compared
    first = np.searchsorted(hashes[order], hashes[rows], side="left")
    count = np.minimum(np.searchsorted(hashes[order], hashes[rows], side="right") - first, MOST_ALIKE)
    _compare(hashes, thumbnails, rows, order, first, count, found)
    return sorted(found.items())


def _compare(
    hashes: np.ndarray,
    thumbnails: np.ndarray,
    rows: np.ndarray,
    order: np.ndarray,
    first: np.ndarray,
    count: np.ndarray,
    found: dict[int, int],
) -> None:
    """Adds the pairs rows[i], order[first[i] : first[i] + count[i]] that look the same."""
    for start in range(0, len(rows), 4096):
        some = slice(start, start + 4096)
        left = np.repeat(rows[some], count[some])
        steps = np.arange(len(left)) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        right = order[np.repeat(first[some], count[some]) + steps]
        close = np.bitwise_count(hashes[left] ^ hashes[right]) <= MOST_BITS
        left, right = left[close], right[close]
        for block in range(0, len(left), 8192):
            a, b = left[block : block + 8192], right[block : block + 8192]
            same = np.abs(thumbnails[a] - thumbnails[b]).mean(1) <= MOST_DIFFERENCE
            for row, other in zip(a[same].tolist(), b[same].tolist(), strict=True):
                found.setdefault(row, other)
