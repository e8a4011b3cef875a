"""Which files go along with an ejected project, and under which names: the data, and pictures that a table names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..plain.config import Source
from ..run_problems import CannotEject

if TYPE_CHECKING:
    from ..run_folder import Run

PARTS = ("data", "validation", "test")
Copies = dict[str, str]  # file or folder, as seen from here -> its name in the project


def copies_of(run: Run, source: Source, with_data: bool) -> Copies:
    """All files of the data, or those that the run itself wrote, each under a name of its own in data/.

    A table that names pictures keeps its place among them, so that its paths lead where they led before.
    Raises: CannotEject where they are absolute.
    """
    own = (run.folder / "data").resolve()
    pictures = pictures_of(run, source) if with_data else []
    base = os.path.dirname(source.data[0])
    root = Path(os.path.commonpath([os.path.abspath(path) for path in [base or ".", *map(os.path.dirname, pictures)]]))
    copies: Copies = {}
    for part in PARTS:
        for path in getattr(source, part):
            if path not in copies and (with_data or Path(path).resolve().is_relative_to(own)):
                name, number = inside(path, root) if pictures else Path(path).name, 1
                while f"data/{name}" in copies.values():
                    name, number = f"{part}-{number}-{Path(path).name}", number + 1
                copies[path] = f"data/{name}"
    return copies | {path: f"data/{inside(path, root)}" for path in pictures}


def inside(path: str, root: Path) -> str:
    """The path within a folder; the name alone of what is not in it."""
    whole = Path(os.path.abspath(path))
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.name


def pictures_of(run: Run, source: Source) -> list[str]:
    """The files that hold the pictures of a table's columns of paths. Raises: CannotEject where a path is absolute."""
    columns = [column for column in run.config.inputs if column.type == "image"]
    if source.reader == "images" or not columns:
        return []
    reader, containers = run._plain(f"readers.{source.reader}"), run._plain("readers.containers")
    frame, table = reader.read_text(source)[0], reader.read(source, columns)
    files: set[str] = set()
    for column in columns:
        absolute = [word for word in frame[column.name].drop_nulls().unique().sort() if os.path.isabs(word)]
        if absolute:
            raise CannotEject(
                str(run.folder),
                f"column {column.name} names pictures by whole paths, such as {absolute[0]}, which a copy would not have",
                f"plainloop eject {run.folder} my_project   (without --with-data), or write paths that begin at the table",
            )
        files |= {containers.parts_of(word)[0] for word in table[column.name].words}
    return sorted(path for path in files if os.path.isfile(path))


def copy(copies: Copies, project: Path) -> None:
    for path, name in copies.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():
            shutil.copytree(path, project / name)
        else:
            shutil.copyfile(path, project / name)
