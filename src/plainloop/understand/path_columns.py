"""Columns of a table that name pictures: found, checked against the disk, and told. Used by infer.py and look_tables.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from ..plain.readers.containers import parts_of
from ..plain.readers.folders import JUNK
from ..plain.readers.picture_kinds import is_picture_name
from ..problems import Notice, quoted
from .column_types import ColumnGuess, Values
from .path_problems import PathsCompleted, PicturesMissing, PicturesUnlisted

SAMPLED = 200
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MOST_FOLDERS = 200


def pattern_of(words: Sequence[str], table: str) -> str | None:
    """How a word becomes the path of a picture, "{}" standing for the word; None where the words name no pictures.

    Words that end like pictures are paths, there or not; other words are tried as names of pictures beside the table.
    """
    sample = (
        [words[i] for i in np.unique(np.linspace(0, len(words) - 1, min(SAMPLED, len(words))).astype(int))] if len(words) else []
    )
    if not sample:
        return None
    endings = sum(is_picture_name(word) for word in sample)
    base = Path(table).parent
    choices = ["{}"]
    folders = sorted(entry.name for entry in os.scandir(base) if entry.is_dir() and not JUNK.search(entry.name))[:MOST_FOLDERS]
    choices += [f"{name}/{{}}" for name in folders]
    if endings < 0.5 * len(sample):
        if len(sample) < 2 or not all(1 < len(word) < 200 and "\n" not in word for word in sample):
            return None
        choices = [choice + ending for choice in choices for ending in ENDINGS]
    counts = {choice: sum(exists(path_of(word, choice, table)) for word in sample[:20]) for choice in choices}
    best = max(choices, key=lambda choice: counts[choice])
    if counts[best] >= 0.5 * len(sample[:20]):
        return best
    return "{}" if endings >= 0.5 * len(sample) else None


def path_of(word: str, pattern: str, table: str) -> str:
    """The path of a picture as seen from here."""
    return os.path.join(os.path.dirname(table), (pattern or "{}").replace("{}", word))


def exists(path: str) -> bool:
    return os.path.isfile(parts_of(path)[0])


def check_paths(
    column: str, cells: pl.Series, pattern: str, table: str, target: list[str], place: Callable[[int], str], skip_bad: int
) -> list[Notice]:
    """What there is to say about a column of paths. Raises: PicturesMissing."""
    words = cells.drop_nulls().unique().sort().to_list()
    absent = [word for word in words if not exists(path_of(word, pattern, table))]
    notices: list[Notice] = []
    if absent:
        rows = cells.is_in(absent).fill_null(False).arg_true().to_list()
        if len(rows) > skip_bad:
            shown = [(place(row), str(cells[row]), nearest_name(path_of(str(cells[row]), pattern, table))) for row in rows[:5]]
            raise PicturesMissing(table, target, column, shown, len(rows), len(cells))
    if pattern != "{}":
        notices.append(PathsCompleted(table, target, column, pattern, words[0]))
    named = {os.path.normpath(path_of(word, pattern, table)) for word in words}
    folders = sorted({os.path.dirname(path) for path in named if os.path.isdir(os.path.dirname(path))})
    unlisted = [
        path
        for folder in folders[:MOST_FOLDERS]
        for path in sorted(
            os.path.normpath(os.path.join(folder, name))
            for name in os.listdir(folder)
            if is_picture_name(name) and not JUNK.search(name)
        )
        if path not in named
    ]
    if unlisted:
        notices.append(PicturesUnlisted(table, target, folders[0] if len(folders) == 1 else f"{len(folders)} folders", unlisted))
    return notices


def nearest_name(path: str) -> str:
    """A file of the same name but for capital letters, or ""."""
    folder, name = os.path.split(path)
    try:
        return next((there for there in os.listdir(folder or ".") if there.lower() == name.lower()), "")
    except OSError:
        return ""


def path_column(table: str, values: Values, made: ColumnGuess) -> ColumnGuess:
    """The column as one of pictures, where its words name some; else as it was."""
    if made.type not in ("category", "text", "number") or not os.path.isfile(table):
        return made
    words = values.words.sort().to_list()
    looks = sum(map(is_picture_name, words[:20])) >= 0.5 * len(words[:20])
    bare = len(words) > 0.5 * values.rows and (made.type == "text" or made.kept_out in ("identifier", "many words"))
    pattern = pattern_of(words, table) if words and (looks or bare) else None
    if pattern is None:
        return made
    reason = "its words are paths of pictures" if pattern == "{}" else f"its words are names of pictures: {pattern}"
    found = ColumnGuess(values.name, "image", "input", reason, f"--types {quoted(values.name)}=category")
    found.distinct, found.missing, found.examples, found.format = made.distinct, made.missing, made.examples, pattern
    return found
