"""Folders of data: the files below a place, what operating systems leave behind, sub-folders that are parts of the source.

Used by images.py and texts.py. Copied into ejected projects.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

PARTS = {
    **dict.fromkeys(("train", "training"), "data"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
UNLABELLED = ("pred", "predict", "submission", "unlabelled", "unlabeled", "unsup")  # what contests add without answers
JUNK = re.compile(r"(?:^|/)(?:\.|__MACOSX|__pycache__|thumbs\.db$|ehthumbs|desktop\.ini$|@eaDir)", re.IGNORECASE)


def walk(place: str) -> tuple[list[str], set[str]]:
    """Files and folders below a place, relative to it, with "/"; links to folders are followed, each folder once."""
    files: list[str] = []
    folders: set[str] = set()
    seen: set[str] = set()
    for here, inside, names in os.walk(place, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            inside.clear()
            continue
        seen.add(real)
        base = os.path.relpath(here, place).replace(os.sep, "/")
        base = "" if base == "." else base + "/"
        inside[:] = sorted(name for name in inside if not JUNK.search(name))
        folders |= {base + name for name in inside}
        files += [base + name for name in names if not JUNK.search(name)]
    return sorted(files), folders


def part_of(name: str) -> str:
    """The part of the source that a name says: data, validation, test, "unlabelled"; "" where it says none, or two.

    >>> [part_of(name) for name in ("seg_train", "validation_set", "20news-bydate-test", "Test1", "cats")]
    ['data', 'validation', 'test', 'test', '']
    """
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    found = {PARTS.get(word, "unlabelled" if word in UNLABELLED else "") for word in words} - {""}
    return found.pop() if len(found) == 1 else ""


def parts_named(names: Iterable[str]) -> dict[str, str]:
    """The part of each of the names of a place, where every one says a part and they are not all the same; else nothing.

    >>> parts_named(["Training", "test_set"]), parts_named(["train", "bus"])
    ({'Training': 'data', 'test_set': 'test'}, {})
    """
    found = {name: part_of(name) for name in names}
    return found if all(found.values()) and len(set(found.values())) > 1 else {}


def inner(paths: Iterable[str], part: str) -> int:
    """How many characters of the paths of a part are a folder that says the part once more, as seg_train/seg_train/cats.

    >>> inner(["seg_train/cats/1.jpg", "seg_train/dogs/2.jpg"], "data"), inner(["cats/1.jpg"], "data")
    (10, 0)
    """
    tops = {path.split("/")[0] for path in paths}
    return len(tops.pop()) + 1 if len(tops) == 1 and part_of(next(iter(tops))) == part else 0
