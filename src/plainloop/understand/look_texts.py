"""The door for texts: a folder or an archive with a sub-folder of files per class, a file per class. Called by look.py.

The texts become a table with the columns `text` and `label`, so that all else is as for tables.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from ..plain.config import Config, Source
from ..plain.readers import texts
from ..plain.readers.containers import Unreadable, archive, read_bytes
from ..plain.readers.folders import JUNK, PARTS
from ..problems import Notice
from .file_notices import EncodingGuessed
from .image_problems import tail
from .infer import InferOptions, Schema
from .text_problems import NoTexts, TextFilesPassedOver, TextsWithoutClasses

TABLE_NAME = re.compile(
    r"\.(csv|tsv|tab|data|dat|parquet|arrow|feather|jsonl?|ndjson|arff|xlsx?)(\.gz|\.bz2|\.xz|\.zip)?$", re.IGNORECASE
)
CLASS_FILES = 200  # more files side by side are texts, not classes
REASONS = {  # what the columns `text` and `label` hold
    "texts": ("the content of each file", "the name of the folder"),
    "class_lines": ("the lines of the files", "the name of the file"),
    "labelled": ("the lines without their labels", "the words of each line that begin with __label__"),
}
SAMPLED = 65_536  # bytes of a file that tell whether its lines have columns


def form_of(paths: Sequence[str]) -> str:
    """What the paths hold: "texts", a file each; "class_lines", a file for each class; "", something else."""
    found = [match for path in paths for match in (sorted(glob.glob(path)) if not os.path.exists(path) else [path])]
    if not found:
        return ""
    if all(os.path.isfile(path) and not path.lower().endswith(".zip") for path in found):
        return "class_lines" if len(found) > 1 and are_class_files({name: name for name in found}) else ""
    return form_of_place(found[0]) if len(found) == 1 else ""


def form_of_place(place: str) -> str:
    """The same for one folder or archive."""
    if not (os.path.isdir(place) or (place.lower().endswith(".zip") and os.path.isfile(place))):
        return ""
    names = (
        texts.names_in(place)
        if os.path.isdir(place)
        else {n: f"{place}::{n}" for n in archive(place).members if not JUNK.search(n)}
    )
    own = [name for name in names if texts.is_text_name(name)]
    folders = {os.path.dirname(name) for name in own} - {""}
    if any(TABLE_NAME.search(name) and os.path.dirname(name) not in folders for name in names):
        return ""
    cut = texts.wrapper(own)
    steps = [name[cut:].split("/") for name in own]
    divided = bool(steps) and bool(texts.divided_by(own, cut))
    in_folders = sum(len(one) > 1 + divided for one in steps)
    if in_folders > 1 and 2 * in_folders > len(own):
        return "texts"
    files = {name: names[name] for name in (own or names)}
    return "class_lines" if len(files) > 1 and are_class_files(files) else ""


def are_class_files(files: dict[str, str]) -> bool:
    """Whether the files (path -> name) hold the texts of a class each, a text per line, rather than a table."""
    bare = {os.path.splitext(os.path.basename(name))[0].lower() for name in files}
    if bare <= set(PARTS) or len(files) > CLASS_FILES or any(TABLE_NAME.search(name) for name in files):
        return False
    return not any(has_columns(name) for name in files.values())


def has_columns(name: str) -> bool:
    """Whether the lines of a file are divided by a sign that stands equally often in them, begin with labels, or are no text."""
    try:
        head = read_bytes(name)[:SAMPLED]
    except Unreadable:
        return True
    if b"\0" in head or not head.strip() or head.startswith(b"__label__"):
        return True
    lines = [line for line in head.split(b"\n")[:200] if line.strip()]
    if len(lines) == 1 and name.lower().endswith(".txt"):  # one text with a comma is no table
        return False
    for sign in b"\t;,|":
        counts = [line.count(sign) for line in lines]
        if min(counts) > 0 and counts.count(counts[0]) > 0.9 * len(counts):
            return True
    return False


def probe_texts(
    paths: Sequence[str], form: str, encoding: str, *, validation: Iterable[str] = (), test: Iterable[str] = ()
) -> tuple[Source, list[Notice]]:
    """The source behind the paths, and what there is to say about it.

    Raises: NoTexts, TextsWithoutClasses and what reading raises.
    """
    found = [match for path in paths for match in (sorted(glob.glob(path)) if not os.path.exists(path) else [path])]
    source = Source(
        reader="texts",
        format=form,
        data=tuple(found),
        validation=tuple(validation),
        test=tuple(test),
        encoding=encoding or "cp1252",
        delimiter="",
    )
    notices: list[Notice] = []
    loaded = texts.load(source)
    if not len(loaded.frame):
        raise NoTexts(paths[0], loaded.passed)
    if form == "class_lines" and len(loaded.files) >= 10 and len(loaded.frame) < 3 * len(loaded.files):  # a text in each file
        raise TextsWithoutClasses(paths[0], len(loaded.frame), "", lengths_of(loaded.frame))
    classes = loaded.frame["label"].drop_nulls().unique().to_list()
    if len(classes) < 2:
        raise TextsWithoutClasses(paths[0], len(loaded.frame), classes[0] if classes else "", lengths_of(loaded.frame))
    strange = loaded.other_encoding
    if strange and not encoding:
        others = f", the first of {len(strange):,} such files" if len(strange) > 1 else ""
        notices.append(EncodingGuessed(paths[0], "cp1252", f"it is no UTF-8{others}", tail(strange[0])))
    if loaded.passed:
        notices.append(TextFilesPassedOver(paths[0], loaded.passed, loaded.zeros))
    files = [*source.data, *source.validation, *source.test]
    return Source(**{**vars(source), "sha256": texts.digest(files)}), notices


def lengths_of(frame: Any) -> str:
    """How long the texts of a frame are, in words."""
    lengths = sorted(len(text.split()) for text in frame["text"].drop_nulls().to_list())
    return f"{lengths[0]:,} to {lengths[-1]:,} words, half have {lengths[len(lengths) // 2]:,} or more" if lengths else ""


def asked_of_texts(asked: InferOptions, form: str, frame: pl.DataFrame) -> InferOptions:
    """What the user asked for, and what the places of texts say: a text and the name of its class, "2020" too.

    Before a line can stand several labels.
    """
    types = {"text": "text", "label": "category", **asked.types}
    if form == "labelled" and frame["label"].str.contains(" ", literal=True).any() and "label" not in asked.types:
        types.pop("label")
        return replace(asked, types=types, tags=asked.tags or " ")
    return replace(asked, types=types)


def say_where_from(schema: Schema, form: str, asked: InferOptions) -> None:
    """The reasons of the two columns, where they are what the places of texts say."""
    for column, reason in zip(schema.columns, REASONS[form], strict=True):
        if column.name not in asked.types:
            column.reason, column.override = reason, ""


def texts_like(source: Any, config: Config) -> Any:
    """New texts for a finished run as a frame: a folder or an archive of them, a .txt file with a text per line.

    Other sources come back as they are.

    Where the texts lie in class folders, the frame has the target, too.
    """
    found = new_texts(source, config)
    if found is None:
        return source
    loaded = texts.load(found)
    if not len(loaded.frame):
        raise NoTexts(found.data[0], loaded.passed)
    frame = loaded.frame.rename({"text": config.inputs[0].name})
    known = len(config.targets) == 1 and frame["label"].null_count() < len(frame)
    return frame.rename({"label": config.targets[0].name}) if known else frame.drop("label")


def files_of_texts(source: Any, config: Config) -> list[str]:
    """The file of each row that `texts_like` makes of a folder or an archive; nothing for other sources."""
    found = new_texts(source, config)
    return texts.load(found).names if found is not None and found.format == "texts" else []


def new_texts(source: Any, config: Config) -> Source | None:
    """How new texts are read; None where the source holds something else."""
    names = [column.name for column in config.inputs]
    paths = [str(source)] if isinstance(source, (str, Path)) else source
    if len(names) != 1 or config.inputs[0].type != "text" or not isinstance(paths, (list, tuple)) or len(paths) != 1:
        return None
    place = str(paths[0])
    form = form_to_predict(place, names[0], config.source)
    encoding = config.source.encoding.replace("utf-8", "cp1252")
    return Source(reader="texts", format=form, data=(place,), encoding=encoding, delimiter="") if form else None


def form_to_predict(place: str, column: str, trained: Source) -> str:
    """ "texts", "class_lines", "text_lines", or "" where the place holds something else than texts."""
    if os.path.isdir(place) or place.lower().endswith(".zip"):
        if not os.path.exists(place):
            return ""
        names = texts.names_in(place)
        only_texts = any(map(texts.is_text_name, names)) and not any(map(TABLE_NAME.search, names))
        return (trained.format if trained.reader == "texts" else "texts") if only_texts else ""
    if not os.path.isfile(place) or not texts.is_text_name(place):
        return ""
    lines = read_bytes(place)[:SAMPLED].decode("utf-8", "replace").splitlines() or [""]
    if lines[0].startswith("__label__"):
        return ""
    sign = trained.delimiter or "\t"
    if not trained.header:
        return "" if all(sign in line for line in lines if line.strip()) else "text_lines"
    return "" if column in [cell.strip(' "') for cell in re.split(f"[{re.escape(sign)}\t,;]", lines[0])] else "text_lines"
