"""Runs ejected projects where only what they state may be imported; a script for a process of its own, used by test_eject.py.

    python -I alone.py PROJECT ...

Allowed are the standard library, the project's plain/, and the distributions of the first project's requirements.txt with what
they require. One JSON object goes to standard output: project -> {"code": exit code, "said": what it printed}.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import runpy
import sys
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any


class Only:
    """The one finder: it asks the others for the top-level names it was given, and finds nothing for any other name."""

    def __init__(self, names: set[str], others: list[Any]):
        self.names, self.others = names, others

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        top = name.partition(".")[0]
        if top not in self.names and not top.startswith("_sysconfigdata"):
            return None
        return next((spec for finder in self.others if (spec := finder.find_spec(name, path, target)) is not None), None)

    def invalidate_caches(self) -> None:
        for finder in self.others:
            if hasattr(finder, "invalidate_caches"):
                finder.invalidate_caches()


def distributions(requirements: Path) -> set[str]:
    """The distributions that installing the requirements would bring, by their normal names."""
    from packaging.requirements import Requirement

    lines = [line for line in requirements.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    waiting, found = [(Requirement(line), {""}) for line in lines], set()
    while waiting:
        wanted, extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in found or (wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras)):
            continue
        found.add(name)
        waiting += [(Requirement(line), wanted.extras | {""}) for line in metadata.requires(name) or []]
    return found


def run(project: Path) -> dict[str, object]:
    """Runs `python -m plain run.toml` in the project, with none of its modules loaded yet."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "plain"]:
        del sys.modules[name]
    os.chdir(project)
    sys.path[0], sys.argv = str(project), ["plain", "run.toml"]
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            runpy.run_module("plain", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = int(end.code or 0)
        except Exception:
            traceback.print_exc()
            code = 1
    return {"code": code, "said": said.getvalue()}


def main(projects: list[Path]) -> None:
    wanted = distributions(projects[0] / "requirements.txt")
    names = {
        name
        for name, owners in metadata.packages_distributions().items()
        if any(re.sub(r"[-_.]+", "-", owner).lower() in wanted for owner in owners)
    }
    for name in [name for name in sys.modules if name.partition(".")[0] == "packaging"]:
        del sys.modules[name]
    sys.meta_path[:] = [Only(names | set(sys.stdlib_module_names) | {"plain", "__main__"}, list(sys.meta_path))]
    sys.path.insert(0, "")
    print(json.dumps({str(project): run(project) for project in projects}))


if __name__ == "__main__":
    main([Path(name).resolve() for name in sys.argv[1:]])
