"""Folders of data: the files below a place, what operating systems leave behind, sub-folders that are parts of the source.

Used by images.py and texts.py. Copied into ejected projects.
"""

from __future__ import annotations

import os
import re

PARTS = {
    **dict.fromkeys(("train", "training"), "data"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
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
