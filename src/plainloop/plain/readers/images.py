"""Reads pictures as a table: a folder or a zip with a sub-folder per class, idx files, npz arrays. First step of a run.

The table has a column `path` with the name of each picture and a column `label`; columns/image.py makes the pixels of it.
Sub-folders, archives or idx files called train, validation and test are the parts of the source. Hidden files and what operating
systems leave behind are passed over; what else is no picture, by its name and by its first bytes, is listed and left alone.
Copied into ejected projects.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..config import Column, Source
from ..table import Cells, Table, Words
from .array_pictures import Found, array_files, array_pictures, files_behind
from .containers import Unreadable, archive, is_array_file, parts_of, read_bytes
from .content_digests import content_digests
from .folders import JUNK, inner, parts_named, walk
from .image_faults import NoPictures
from .picture_kinds import is_other_name, is_picture_name, kind_of


@dataclass
class Listing:
    """All pictures of a source in the order of its rows, and the labels that their places give them."""

    names: list[str] = field(default_factory=list)  # as containers.py opens them
    labels: dict[str, list[str | None]] = field(default_factory=dict)  # column -> label of each picture, None where it has none
    parts: dict[str, range] = field(default_factory=dict)  # data, validation, test -> row numbers
    others: list[str] = field(default_factory=list)  # files that are no pictures
    empty: list[str] = field(default_factory=list)  # class folders without a picture
    unlabelled: list[str] = field(default_factory=list)  # pictures of a part in which none has a class


def read(source: Source, columns: Sequence[Column]) -> Table:
    """The typed table of the source; the rows of `source.left_out` have no label, so that no part of the split gets them."""
    listing, left_out = listed(source), set(source.left_out)
    made: dict[str, Cells] = {}
    for column in columns:
        if column.type == "image":
            made[column.name] = words_of(list(listing.names))
        else:
            cells = listing.labels.get(column.name, [None] * len(listing.names))
            made[column.name] = typed([None if row in left_out else cell for row, cell in enumerate(cells)], column)
    return Table(made, listing.parts)


def typed(cells: list[str | None], column: Column) -> Cells:
    """The labels as their column's type wants them."""
    missing = {"", None, *column.also_missing}
    known = [None if cell in missing else column.replace.get(str(cell), cell) for cell in cells]
    if column.type == "number":
        return np.array([np.nan if cell is None else float(cell) for cell in known], np.float64)
    if column.type == "boolean":
        truth = {column.true.lower(): 1.0, column.false.lower(): 0.0}
        return np.array([truth.get((cell or "").lower(), np.nan) for cell in known], np.float64)
    return words_of(known)


def words_of(cells: list[str | None]) -> Words:
    words = sorted({cell for cell in cells if cell is not None})
    place: dict[str | None, int] = {word: code for code, word in enumerate(words)}
    return Words(np.array([place.get(cell, -1) for cell in cells], np.int32), words)


def read_text(source: Source) -> tuple[dict[str, list[str | None]], dict[str, range]]:
    """The source as strings by column, None where missing; the row numbers of each part."""
    listing = listed(source)
    return {"path": list(listing.names), **listing.labels}, listing.parts


def digest(files: Iterable[str]) -> str:
    """SHA-256 over the names and the contents of the pictures in the given places, in whatever order the disk lists them."""
    total = hashlib.sha256()
    for place in files:
        holders = {parts_of(entry.name)[0] for entry in entries(place)[0]}
        found = sorted({file for holder in holders for file in files_behind(holder)})
        for name, content in zip(found, content_digests(found), strict=True):
            total.update(os.path.relpath(name, place).replace(os.sep, "/").encode() + b"\0" + content)
    return total.hexdigest()


def listed(source: Source) -> Listing:
    """All pictures of the source. Raises: NoPictures, DamagedPictures, UnsafeNames, CountsDiffer."""
    made = Listing()
    found: dict[str, list[Found]] = {"data": [], "validation": [], "test": []}
    for part, places in (("data", source.data), ("validation", source.validation), ("test", source.test)):
        for place in places:
            pictures, others, empty = entries(place)
            made.others += others
            made.empty += empty
            for entry in pictures:
                if entry.part in found:
                    found[part if part != "data" else entry.part].append(entry)
                else:
                    made.unlabelled.append(entry.name)
    if not found["data"]:  # test/ alone is all there is
        found["data"], found["validation"], found["test"] = found["validation"] + found["test"], [], []
    if not found["data"]:
        raise NoPictures(", ".join(source.data), [os.path.basename(name) for name in made.others])
    if any(entry.labels for entry in found["data"]):
        for part in ("validation", "test"):  # a test folder without classes, as contests have it, judges nothing
            if not any(entry.labels for entry in found[part]):
                made.unlabelled += [entry.name for entry in found[part]]
                found[part] = []
    columns = list(dict.fromkeys(name for some in found.values() for entry in some for name in entry.labels)) or ["label"]
    made.labels = {name: [] for name in columns}
    for part, some in found.items():
        if some:
            made.parts[part] = range(len(made.names), len(made.names) + len(some))
        made.names += [entry.name for entry in some]
        for name in columns:
            made.labels[name] += [entry.labels.get(name) for entry in some]
    return made


def entries(place: str) -> tuple[list[Found], list[str], list[str]]:
    """The pictures of one place in order, the other files there, and its empty class folders."""
    if is_array_file(place):
        return array_pictures(place), [], []
    if place.lower().endswith(".zip"):
        members = archive(place).members
        return by_folder({name: f"{place}::{name}" for name in members}, set())
    if not os.path.isdir(place):
        return [Found("data", place, {})], [], []
    files, folders = walk(place)
    if found := array_files(files):
        return [entry for name in found for entry in array_pictures(os.path.join(place, name))], [], []
    archives = [name for name in files if name.lower().endswith(".zip")]
    if archives and not any(is_picture_name(name) for name in files):
        inside: dict[str, str] = {}
        for name in archives:
            held = sorted(archive(os.path.join(place, name)).members)
            tops = {member.split("/")[0] for member in held if not JUNK.search(member)}
            cut = len(tops.pop()) + 1 if len(tops) == 1 and all(m.count("/") > 1 for m in held if not JUNK.search(m)) else 0
            inside |= {f"{name[:-4]}/{member[cut:]}": f"{os.path.join(place, name)}::{member}" for member in held}
        return by_folder(inside, set())
    return by_folder({name: os.path.join(place, name) for name in files}, folders)


def by_folder(files: dict[str, str], folders: set[str]) -> tuple[list[Found], list[str], list[str]]:
    """The pictures among the files (path within the place -> name), by part and class; the others; the empty class folders.

    >>> files = {"a/x/1.jpg": "p/a/x/1.jpg", "a/y/2.jpg": "p/a/y/2.jpg", "a/notes.txt": "-"}
    >>> found, others, empty = by_folder(files, {"a", "a/z"})
    >>> [(entry.part, entry.labels) for entry in found], others, empty
    ([('data', {'label': 'x'}), ('data', {'label': 'y'})], ['-'], ['z'])
    """
    pictures: list[str] = []
    others: list[str] = []
    for path in sorted(files):
        if not JUNK.search(path):
            (pictures if looks_like_picture(path, files[path]) else others).append(path)
    cut = 0
    folders = {path for path in folders if not JUNK.search(path)}
    folders |= {path[:end] for path in pictures for end in (i for i, sign in enumerate(path) if sign == "/")}
    while True:  # a single folder with sub-folders alone is a wrapper
        tops = {path[cut:].split("/")[0] for path in (*pictures, *folders) if len(path) > cut}
        if len(tops) != 1 or not pictures or not all(path[cut:].count("/") > 1 for path in pictures):
            break
        cut += len(tops.pop()) + 1
    parts = parts_named({path[cut:].split("/")[0] for path in pictures}) if all("/" in path[cut:] for path in pictures) else {}
    below = {top: [path[cut + len(top) + 1 :] for path in pictures if path[cut:].startswith(f"{top}/")] for top in parts}
    within = {top: len(top) + 1 + inner(paths, parts[top]) for top, paths in below.items()}
    found = []
    for path in pictures:
        top = path[cut:].split("/")[0]
        steps = path[cut + within.get(top, 0) :].split("/")
        found.append(Found(parts.get(top, "data"), files[path], {"label": steps[0]} if len(steps) > 1 else {}))
    depth = 2 if parts else 1
    classes = {path[cut:] for path in folders if len(path) > cut and path[cut:].count("/") == depth - 1}
    held = {"/".join(path[cut:].split("/")[:depth]) for path in pictures}
    return found, [files[path] for path in others], sorted(classes - held)


def looks_like_picture(path: str, name: str) -> bool:
    """Whether a file is meant as a picture: by its ending, or, where that says nothing, by its first bytes."""
    if is_picture_name(path) or is_other_name(path):
        return is_picture_name(path)
    try:
        return kind_of(read_bytes(name)[:64]).picture
    except Unreadable:
        return False
