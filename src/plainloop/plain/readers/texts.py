# needs: polars
"""Reads texts as a table: a folder or a zip with a sub-folder of text files per class, or a file per class with a text per line.

The table has the columns `text` and `label`. Sub-folders called train, validation and test are the parts of the source. Hidden
files are passed over; what else is no text, by its name or by its bytes, is listed and left alone. What is no UTF-8 is read in
the encoding of the source. Copied into ejected projects.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from ..config import Column, Source
from ..table import Table, Words
from . import tables
from .containers import Unreadable, archive, parts_of, read_bytes
from .content_digests import content_digests, threads
from .encodings import wide
from .folders import JUNK, PARTS, inner, parts_named, walk
from .image_faults import DamagedPictures
from .table_faults import DamagedFile, WrongEncoding

TEXT_NAME = re.compile(r"(?:^|/)[^./]+$|\.(?:txt|text|\d+)$", re.IGNORECASE)  # "a/17.txt", and "sci.space/60840" of news groups
NOT_TEXTS = re.compile(r"(?:^|/)(?:readme|license|licence|makefile|urls?_|notice|changelog)[^/]*$", re.IGNORECASE)
WITHOUT_LABEL = ("unsup", "unlabelled", "unlabeled")  # folders of texts that have no class
GROUP = 256  # files that a thread reads at a time


@dataclass
class Listing:
    """The files of a source by part, with the label that the place of each gives it; and the files that hold no texts."""

    files: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)  # part -> (name, label)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loaded(tables.Loaded):
    """All texts of a source, and the file and line where each stands."""

    names: list[str] = field(default_factory=list)  # the file of each row
    passed: list[str] = field(default_factory=list)  # files that hold no text
    other_encoding: list[str] = field(default_factory=list)  # files that are no UTF-8
    zeros: list[str] = field(default_factory=list)  # those of the files passed over that have zero bytes

    def place(self, row: int) -> str:
        name = os.path.join(*Path(self.names[row].replace("::", "/")).parts[-3:])
        return f"{name} line {self.lines[row]}" if self.lines[row] else name


def read_text(source: Source) -> tuple[pl.DataFrame, dict[str, range]]:
    """The source as strings, null where missing; the row numbers of each part (data, validation, test)."""
    loaded = load(source)
    return loaded.frame, loaded.parts


def read(source: Source, columns: Sequence[Column]) -> Table:
    """The typed table of the source. Raises `Fault` where it cannot be read so."""
    loaded = load(source)
    cells = tables.typed(loaded.frame, columns, ".", loaded.place, source.data[0])
    if source.format == "texts":  # for the table of predictions
        words, codes = np.unique(np.array(loaded.names, object), return_inverse=True)
        cells["file"] = Words(codes.astype(np.int32), words.tolist())
    return Table(cells, loaded.parts)


read_frame = tables.read_frame


def digest(files: Iterable[str]) -> str:
    """SHA-256 over the names and the contents of the texts in the given places, in whatever order the disk lists them."""
    total = hashlib.sha256()
    for place in files:
        inside = sorted({parts_of(name)[0] for name in names_in(place).values()})
        for name, content in zip(inside, content_digests(inside), strict=True):
            total.update(os.path.relpath(name, place).replace(os.sep, "/").encode() + b"\0" + content)
    return total.hexdigest()


def load(source: Source) -> Loaded:
    """The texts and their labels; kept in memory, so that looking at the data and training on it read it once."""
    files = [*source.data, *source.validation, *source.test]
    return _load(replace(source, sha256=""), tuple(digest([file]) for file in files))


@lru_cache(maxsize=2)
def _load(source: Source, digests: tuple[str, ...]) -> Loaded:
    listing = listed(source)
    texts: list[str] = []
    labels: list[str | None] = []
    names: list[str] = []
    lines: list[int] = []
    parts: dict[str, range] = {}
    files: list[tuple[int, str]] = []
    zeros, other_encoding = [], []
    for part, found in listing.files.items():
        first = len(texts)
        contents = _contents([name for name, _ in found])
        for (name, label), data in zip(found, contents, strict=True):
            if b"\0" in data and not has_zeros(data, source.encoding):
                zeros.append(name)
                continue
            text, plain = decoded(name, data, source.encoding)
            other_encoding += [] if plain else [name]
            files.append((len(texts), name))
            own = [(text.strip(), 0)]
            if source.format == "text_lines":  # new texts: a blank line is a row too, so that answers stand by their lines
                own = [
                    (line.strip(), number) for number, line in enumerate(text.removesuffix("\n").split("\n"), 1) if text.strip()
                ]
            elif source.format == "class_lines":
                own = [(line.strip(), number) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
            texts += [line for line, _ in own]
            lines += [number for _, number in own]
            labels += [label] * len(own)
            names += [name] * len(own)
        if len(texts) > first:
            parts[part] = range(first, len(texts))
    frame = pl.DataFrame(
        {"text": [text or None for text in texts], "label": labels}, schema=dict.fromkeys(("text", "label"), pl.String)
    )
    return Loaded(frame, parts, files, np.array(lines, np.int64), {}, names, [*listing.others, *zeros], other_encoding, zeros)


def _contents(names: list[str]) -> Iterable[bytes]:
    """The bytes of the files, in order. Raises: DamagedFile."""
    groups = [names[first : first + GROUP] for first in range(0, len(names), GROUP)]
    with ThreadPoolExecutor(threads()) as pool:
        for group in pool.map(lambda group: [_bytes(name) for name in group], groups):
            yield from group


def _bytes(name: str) -> bytes:
    try:
        return read_bytes(name)
    except Unreadable as reason:
        raise DamagedFile(name, f"it {reason}") from None


def has_zeros(data: bytes, encoding: str) -> bool:
    """Whether zero bytes are a part of such a text: UTF-16 and UTF-32 have them."""
    return bool(wide(data)) or encoding.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32"))


def decoded(name: str, data: bytes, encoding: str) -> tuple[str, bool]:
    """The text of a file with line ends \\n, and whether it is UTF-8. Raises: WrongEncoding."""
    plain = True
    if found := wide(data):
        text = data.decode(found, "replace").removeprefix("\ufeff")
    elif has_zeros(data, encoding):
        text = data.decode(encoding, "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if encoding == "utf-8":
                raise WrongEncoding(name, data[: error.start].count(b"\n") + 1, data[error.start], encoding) from error
            text, plain = data.decode(encoding, "replace"), False
    return (text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text), plain


def listed(source: Source) -> Listing:
    """The files of the source by part."""
    made = Listing({"data": [], "validation": [], "test": []})
    for part, places in (("data", source.data), ("validation", source.validation), ("test", source.test)):
        loose = [place for place in places if not _holds_files(place)]
        labels = labels_of_files(loose) if source.format == "class_lines" and len(loose) > 1 else [None] * len(loose)
        made.files[part] += zip(loose, labels, strict=True)
        for place in places:
            if _holds_files(place):
                found, others = by_class(names_in(place), source.format == "class_lines")
                made.others += others
                for own_part, name, label in found:
                    made.files[part if part != "data" else own_part].append((name, label))
    if not made.files["data"]:  # test/ alone is all there is
        made.files = {"data": made.files["validation"] + made.files["test"], "validation": [], "test": []}
    return made


def _holds_files(place: str) -> bool:
    return os.path.isdir(place) or place.lower().endswith(".zip")


def names_in(place: str) -> dict[str, str]:
    """The files of a place: path within it -> the name that opens it. Raises: DamagedFile, UnsafeNames."""
    if place.lower().endswith(".zip"):
        try:
            members = archive(place).members
        except DamagedPictures as fault:
            raise DamagedFile(place, fault.found) from None
        return {name: f"{place}::{name}" for name in sorted(members) if not JUNK.search(name)}
    if os.path.isdir(place):
        return {name: os.path.join(place, name) for name in walk(place)[0]}
    return {os.path.basename(place): place}


def by_class(files: dict[str, str], lines: bool) -> tuple[list[tuple[str, str, str | None]], list[str]]:
    """Part, name and label of the text files among the files (path within the place -> name); and the other files.

    lines: each file holds the texts of one class, one a line; else each file is a text, and its folder the class.

    >>> files = ["acl/train/pos/1.txt", "acl/train/neg/2.txt", "acl/test/pos/3.txt", "acl/README", "acl/train/urls_pos.txt"]
    >>> found, others = by_class({name: name for name in files}, lines=False)
    >>> [(part, label) for part, _, label in found], others
    ([('test', 'pos'), ('data', 'neg'), ('data', 'pos')], ['acl/README', 'acl/train/urls_pos.txt'])
    """
    texts = {path for path in files if is_text_name(path)} or (set(files) if lines else set())
    cut = wrapper(sorted(texts))
    parts = divided_by(sorted(texts), cut)
    below = {top: [path[cut + len(top) + 1 :] for path in texts if path[cut:].startswith(f"{top}/")] for top in parts}
    within = {top: len(top) + 1 + inner(paths, parts[top]) for top, paths in below.items()}
    deepest = max((path[cut:].count("/") for path in texts), default=0)
    found: list[tuple[str, str, str | None]] = []
    others: list[str] = []
    for path in sorted(files):
        top, cut_in = path[cut:].split("/")[0], 0
        if "/" in path[cut:] and path in texts:
            cut_in = within.get(top, 0)
        steps, part = path[cut + cut_in :].split("/"), parts[top] if cut_in else "data"
        shallow = not lines and len(steps) == 1 and deepest > bool(parts)  # beside the class folders
        if path not in texts or shallow or steps[0].lower() in WITHOUT_LABEL or part == "unlabelled":
            others.append(files[path])
        else:
            found.append((part, files[path], steps[0] if len(steps) > 1 else None))
    if lines and len(found) > 1:
        for part in {part for part, _, _ in found}:
            own = [i for i, entry in enumerate(found) if entry[0] == part]
            for i, label in zip(own, labels_of_files([found[i][1] for i in own]), strict=True):
                found[i] = (part, found[i][1], label)
    return found, others


def divided_by(texts: Sequence[str], cut: int) -> dict[str, str]:
    """The part of the source of each folder that stands first in the paths, from `cut` on; nothing where they are no parts."""
    tops = {path[cut:].split("/")[0] for path in texts if "/" in path[cut:]}
    exact = {top: PARTS[top.lower()] for top in tops if top.lower() in PARTS}  # "train" alone is a part, too
    return exact if len(exact) == len(tops) else parts_named(tops)


def is_text_name(path: str) -> bool:
    return bool(TEXT_NAME.search(path)) and not NOT_TEXTS.search(path)


def wrapper(paths: Sequence[str]) -> int:
    """How many characters of all paths are folders that hold a single folder and nothing else.

    >>> wrapper(["acl/train/pos/1.txt", "acl/test/pos/2.txt"]), wrapper(["pos/1.txt", "neg/2.txt"]), wrapper(["pos/1.txt"])
    (4, 0, 0)
    """
    cut = 0
    while True:
        tops = {path[cut:].split("/")[0] for path in paths}
        alone = len(tops) == 1 and all(path[cut:].count("/") > 1 for path in paths)
        if not alone or next(iter(tops)).lower() in PARTS:
            return cut
        cut += len(tops.pop()) + 1


def labels_of_files(names: Sequence[str]) -> list[str]:
    """The class that each file holds: its name without the ending, or the ending where the names are the same.

    >>> labels_of_files(["a/rt.pos", "a/rt.neg"]), labels_of_files(["a/Irish.txt", "a/Greek.txt"])
    (['pos', 'neg'], ['Irish', 'Greek'])
    """
    bare = [os.path.basename(name.replace("::", "/")) for name in names]
    stems = [os.path.splitext(name)[0] for name in bare]
    if len(set(stems)) == 1 and len(names) > 1:
        return [os.path.splitext(name)[1].lstrip(".") for name in bare]
    return stems
