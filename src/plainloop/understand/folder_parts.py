"""The parts of a folder of tables by the names of its files: train.csv, valid.csv, test.csv. Used by probe.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..plain.config import Source
from ..plain.readers import tables
from ..plain.readers.folders import part_of
from ..problems import Notice, PlainloopError
from .file_notices import FilesByName


def files_by_part(paths: Sequence[str], files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The files of a folder by the part that their names say, "" for none; nothing where it is no folder or has one part.

    >>> files_by_part(["a.csv"], ["a.csv"])
    {}
    """
    if len(paths) != 1 or not Path(paths[0]).is_dir():
        return {}
    said = {file: part_of(Path(file).name) for file in files}
    if "data" not in said.values():  # labels.csv beside sample_submission.csv
        said = {file: part or "data" for file, part in said.items()}
    if "data" not in said.values() or set(said.values()) == {"data"}:
        return {}
    return {
        part: tuple(file for file in files if said[file] == part) for part in ("data", "validation", "test", "unlabelled", "")
    }


def divided(source: Source, folder: str, found: dict[str, tuple[str, ...]], notices: list[Notice]) -> Source:
    """The source with those files of the folder, each in its part, that have all columns of the train file; says which."""
    wanted = columns_of(found["data"][0], source)
    lacking = {file: wanted - columns_of(file, source) for files in found.values() for file in files}
    loose = [file for file in found[""] if not lacking[file]]
    if loose:  # more of the same rows: the names say nothing
        return replace(source, data=tuple(sorted(file for files in found.values() for file in files)))
    parts = {part: tuple(file for file in found[part] if not lacking[file]) for part in ("validation", "test")}
    read = {"data": found["data"], **parts}
    left = {file: sorted(gone) for file, gone in lacking.items() if not any(file in files for files in read.values())}
    notices.append(FilesByName(folder, read, left))
    return replace(source, validation=parts["validation"], test=parts["test"])


def columns_of(file: str, source: Source) -> set[str]:
    """The names of the columns of a file; none where it cannot be read as the source is."""
    try:
        return {*tables.load(replace(source, data=(file,), validation=(), test=())).frame.columns}
    except PlainloopError:
        return set()
