"""What the files of a finished run hold; one that is gone or damaged is named. Used by run_folder.py and what opens runs."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .plain.checkpoint import write_file
from .problems import PlainloopError, nearest
from .run_problems import NoRun, RunFileDamaged, RunNotBegun, RunUnreadable

Made = TypeVar("Made")


def content_of(folder: Path, name: str, parse: Callable[[bytes], Made]) -> Made:
    """What a file of the run holds. Raises: RunFileDamaged."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        reason = "it is not there" if isinstance(error, FileNotFoundError) else f"it cannot be opened ({error.strerror})"
        raise RunFileDamaged(str(folder), name, reason) from error
    try:
        return parse(data)
    except PlainloopError:
        raise
    except Exception as error:  # every format has its own way of saying that bytes are missing
        reason = "it is empty" if not data else "it is cut off, or not as it was written"
        raise RunFileDamaged(str(folder), name, reason) from error


def json_of(folder: Path, name: str) -> Any:
    """The content of a JSON file of the run. Raises: RunFileDamaged."""
    return content_of(folder, name, lambda data: json.loads(data.decode("utf-8")))


def history_of(data: bytes) -> dict[str, list[Any]]:
    """One list per column of history.csv.

    >>> history_of(b"epoch,train_loss\\n1,0.5\\n")
    {'epoch': [1], 'train_loss': [0.5]}
    """
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    names, *lines = rows or [[]]
    return {name: [int(row[i]) if name == "epoch" else float(row[i]) for row in lines] for i, name in enumerate(names)}


def read_toml(folder: Path) -> dict[str, Any]:
    """The content of a run's run.toml. Raises: NoRun, RunNotBegun, RunUnreadable."""
    try:
        return tomllib.loads((folder / "run.toml").read_text(encoding="utf-8"))
    except OSError as error:
        if folder.is_dir() and (not any(folder.iterdir()) or (folder / ".lock").exists()):
            raise RunNotBegun(str(folder)) from error
        there = [str(path.parent) for path in [*folder.parent.glob("*/run.toml"), *Path("runs").glob("*/run.toml")]]
        raise NoRun(str(folder), nearest(str(folder), sorted(set(there)))) from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise RunUnreadable(str(folder), str(error)) from error


def set_facts(folder: Path, name: str, facts: Mapping[str, Any]) -> None:
    """Adds a table of facts to run.toml, or replaces it; everything else stays to the letter."""
    import tomlkit

    document = tomlkit.parse((folder / "run.toml").read_text(encoding="utf-8"))
    table = tomlkit.table()
    for key, value in facts.items():
        table.add(key, value)
    document[name] = table
    write_file(folder / "run.toml", tomlkit.dumps(document))
