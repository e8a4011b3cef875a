"""eject: the code of a run as a project of its own, copied out of the run folder. Nothing of it is generated but its README.

The files of plain/ are those that ran, checked by their SHA-256; run.toml is the run's own with the paths to the data set anew.
So `python -m plain run.toml` in the project trains the same weights, to the last bit, where plainloop is not installed.
"""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plain.checkpoint import StorageFailed
from ..plain.config import Source
from ..plain.run import located
from ..problems import quoted
from ..run_files import read_toml
from ..run_problems import CannotEject, OutputExists
from ..understand.resolve import relative_to, seen_from
from .code import code_of, needs_of, own_files
from .copies import PARTS, Copies, copies_of, copy
from .project_readme import readme

if TYPE_CHECKING:
    from ..run_folder import Run


def eject(run: Run, folder: Path, *, with_data: bool = False) -> Path:
    """Makes the project of a run in a new or empty folder. Data that was in memory always goes along.

    Raises: OutputExists, CannotEject, CodeChanged, DataChanged, StorageFailed.
    """
    content = read_toml(run.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputExists(str(folder), f"plainloop eject {quoted(str(run.folder))}")
    if run.early:
        raise CannotEject(str(run.folder), "its training ended with a loss that is no number, as the project's would")
    if content["made"].get("model_given"):
        raise CannotEject(str(run.folder), "its model was given as an object, so its code is not in the run folder")
    code = code_of(run.folder, content["code"])
    packages = needed(run, content, code)
    source = located(run.config.source, run.folder)
    copies = copies_of(run, source, with_data)
    if copies:
        run._plain("run").check_data(source, run._plain(f"readers.{source.reader}"))
    body = str(run.folder / run.config.model.directory) if run.config.model.directory else ""
    copies |= {body: "pretrained"} if body and with_data else {}
    target = folder.resolve()
    scratch: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        made = scratch / target.name  # renamed at the end, so that a kill leaves no half project
        write_files(made / "plain", code)
        copy(copies, made)
        if (first_weights := run.folder / "initial.safetensors").exists():
            shutil.copyfile(first_weights, made / first_weights.name)
        if run.config.text.tokens == "pretrained":
            shutil.copyfile(run.folder / "tokenizer.json", made / "tokenizer.json")
        (made / "run.toml").write_text(moved_toml(run.folder, source, copies, target, body), encoding="utf-8")
        (made / "requirements.txt").write_text(requirements(content["made"], packages), encoding="utf-8")
        (made / "README.md").write_text(readme(run, content, code, target.name, bool(copies)), encoding="utf-8")
        if target.exists():
            target.rmdir()  # empty, as was seen above
        made.rename(target)
    except OSError as error:
        raise StorageFailed(str(folder), error.strerror or str(error)) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes files by their paths within a folder, which is made if there are any."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def moved_toml(folder: Path, source: Source, copies: Copies, target: Path, body: str) -> str:
    """The text of the run's run.toml with the paths as seen from the project; everything else stays to the letter.

    body: the directory of a pretrained model, as seen from here; "" without one.
    """
    import tomlkit

    document = tomlkit.parse((folder / "run.toml").read_text(encoding="utf-8"))
    seen = relative_to(source, target)
    table: Any = document["source"]
    model: Any = document["model"]
    for part in PARTS:
        places = [copies.get(path, place) for path, place in zip(getattr(source, part), getattr(seen, part), strict=True)]
        if part in table and places != list(table[part]):
            comment = table[part].trivia.comment
            table[part] = places
            if comment:
                table[part].comment(comment.removeprefix("#").strip())
    if body:
        moved = copies.get(body) or seen_from(target, body)
        model["directory"] = tomlkit.string(moved).comment(model["directory"].trivia.comment.removeprefix("#").strip())
    return tomlkit.dumps(document)


def needed(run: Run, content: Mapping[str, Any], code: Mapping[str, bytes]) -> list[str]:
    """The packages beside torch and numpy that the files import: those they name, and those of the user's own model file.

    Raises: CannotEject where that file imports what the project would not have.
    """
    names = set(needs_of([run.folder / "plain" / name for name in code]))
    distributions: Mapping[str, list[str]] | None = None
    for own in own_files(run.config):
        for module in imported(code[own].decode("utf-8")):
            distributions = distributions or metadata.packages_distributions()
            if module == "plainloop" or module not in distributions:
                raise CannotEject(
                    str(run.folder),
                    f"{Path(own).name} imports {module}, which the project would not have",
                    f"put what {Path(own).name} needs of {module} into {Path(own).name} itself and train again",
                )
            names |= set(distributions[module])
    return sorted(names - {"torch", "numpy"})


def imported(source: str) -> list[str]:
    """The packages outside of the standard library that a file imports at its top level.

    >>> imported("import os, einops\\nfrom torch import nn\\nfrom .layers import flat")
    ['einops', 'torch']
    """
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return sorted(found - set(sys.stdlib_module_names))


def requirements(made: Mapping[str, Any], packages: Sequence[str]) -> str:
    """requirements.txt: torch and numpy as they were, for the last bits depend on them; the others in that version or later."""
    versions = {"torch": str(made["torch"]), "numpy": str(made["numpy"])}
    public = {name: version.partition("+")[0] for name, version in versions.items()}
    lines = [
        f"# What the files in plain/ import, for Python 3.11 or later; the run was made with Python {made['python']}.",
        "# torch and numpy are pinned because the last bits of the weights depend on them. Any later version trains as well, to",
        "# weights that may differ in their last digits.",
    ]
    if versions["torch"] != public["torch"]:
        lines.append(f"# The run used the build {versions['torch']} of torch; pytorch.org says how to install a build.")
    lines += [f"{name}=={version}" for name, version in public.items()]
    lines += [f"{name}>={made.get('packages', {}).get(name) or metadata.version(name)}" for name in packages]
    return "\n".join(lines) + "\n"
