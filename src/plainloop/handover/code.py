"""The files that make a run: found by following imports, copied byte for byte, checked by their digests."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import plainloop.plain

from ..plain.config import Augmentation, Config
from ..plain.prepare import COLUMN_CLASSES, encoded_as
from ..run_problems import CodeChanged

PLAIN = Path(plainloop.plain.__file__).parent
RELATIVE_IMPORT = re.compile(r"^[ \t]*(from[ \t]+\.[\w.]*[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]*))", re.MULTILINE)
READING_ORDER = ("run.py", "loop.py")  # then the model and the task


def own_files(config: Config) -> list[str]:
    """The user's own model file of a run, as a path within plain/."""
    file = config.model.settings.get("file") if config.model.file == "own" else ""
    return [f"models/{file}.py"] if file else []


def files_of(config: Config, own: Path | None = None) -> list[str]:
    """The files of plain/ that run this config, as sorted paths within plain/, the user's own model file not among them.

    They are the static imports of __main__.py and of the files that the config names, followed to the end; own: the user's model
    file, whose relative imports count as if it stood in models/.
    """
    waiting = [
        "__main__.py",
        f"readers/{config.source.reader}.py",
        f"tasks/{config.task.file}.py",
        f"models/{config.model.file}.py",
        *(f"columns/{COLUMN_CLASSES[encoded_as(column, config)][0]}.py" for column in config.inputs),
    ]
    if config.source.format == "workbook":
        waiting.append("readers/workbooks.py")
    if config.augment != Augmentation():
        waiting.append("augment.py")
    if config.task.file == "forecast":
        waiting.append("forecasts.py")
    waiting += [f"models/{part}.py" for part in config.model.settings.get("parts", {}).values()]  # of models/mixed.py
    if own is not None:
        waiting += imports_of(own, PLAIN / "models" / own.name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports_of(PLAIN / name)
    folders = {Path(name).parent for name in found}
    return sorted(found | {(folder / "__init__.py").as_posix() for folder in folders})


def imports_of(path: Path, stands: Path | None = None) -> list[str]:
    """The files within plain/ that a file imports by relative import; stands: where in plain/ it is taken to be, if elsewhere."""
    stands, found = stands or path, []
    for statement in RELATIVE_IMPORT.findall(path.read_text(encoding="utf-8")):
        (node,) = ast.parse(statement).body
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(stands.relative_to(PLAIN).parts):
            base = stands.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            found += [
                file.relative_to(PLAIN).as_posix()
                for file in (base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names))
                if file.is_file()
            ]
    return found


def needs_of(paths: list[Path]) -> list[str]:
    """The packages that the files need beside torch and numpy: the first lines `# needs: polars`."""
    found: set[str] = set()
    for path in paths:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        if first.startswith("# needs:"):
            found |= {name.strip() for name in first.removeprefix("# needs:").split(",")}
    return sorted(found)


def copy_code(config: Config, own: Path | None, folder: Path) -> dict[str, str]:
    """Copies the files of a run into folder/plain and returns the SHA-256 of each."""
    digests = {}
    places = {name: PLAIN / name for name in files_of(config, own)}
    if own is not None:
        places[own_files(config)[0]] = own
    for name, place in sorted(places.items()):
        data = place.read_bytes()
        target = folder / "plain" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    return digests


def same_as_installed(digests: dict[str, str], own: list[str]) -> bool:
    """Whether the files of a run are those of the installed package."""
    return all(
        (PLAIN / name).exists() and hashlib.sha256((PLAIN / name).read_bytes()).hexdigest() == digest
        for name, digest in digests.items()
        if name not in own
    )


def code_of(folder: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a run's plain/ by name, as run.toml lists them.

    Raises: CodeChanged where one is gone or is not the file that ran.
    """
    code = {}
    for name, wanted in digests.items():
        path = folder / "plain" / name
        inside = path.is_file() and path.resolve().is_relative_to((folder / "plain").resolve())
        data = path.read_bytes() if inside else b""
        found = hashlib.sha256(data).hexdigest()
        if not inside or found != wanted:
            raise CodeChanged(str(folder), name, wanted, found if inside else "")
        code[name] = data
    return code
