"""Why a model of the user's own cannot be built from its file: the line, the cause, the fix.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .check_lines import Line, line_at, line_of_error
from .check_problems_model import CannotBuild


def explain_build(error: Exception, name: str, settings: dict[str, Any]) -> CannotBuild:
    """The finding for an error that the file, the class or its __init__ raised."""
    text = " ".join(str(error).split())
    line = line_at(error.filename or "", error.lineno or 0) if isinstance(error, SyntaxError) else line_of_error(error)
    where: tuple[Line, ...] = (line,) if line is not None else ()
    if isinstance(error, SyntaxError):
        text = line.text.strip() if line is not None else ""
        fix = f"{text}:" if "expected ':'" in error.msg and text else f"python -m py_compile {name.rpartition(':')[0] or name}"
        return CannotBuild(f"{name} cannot be read: {error.msg}", "A file of Python code.", fix, where=where)
    if "before Module.__init__() call" in text:
        return CannotBuild(
            f"{name} cannot be built: its __init__ does not call that of nn.Module first",
            "super().__init__() before the first layer.",
            "super().__init__()  # the first line of __init__",
            where=where,
        )
    missing = re.search(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)", text)
    if missing:
        asked = re.findall(r"'(\w+)'", missing[1])
        given = " ".join(f"--set {word}=VALUE" for word in asked)
        return CannotBuild(
            f"{name} cannot be built: nobody knows its argument{'s' if len(asked) > 1 else ''} {', '.join(asked)}",
            "Arguments with a default, or given with --set; in_features, num_classes and their like are known.",
            f"def __init__(self, in_features, num_classes, {', '.join(f'{word}=64' for word in asked)}): ...  # or {given}",
            where=where or (),
        )
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", text)
    if unexpected and unexpected[1] in settings:
        return CannotBuild(
            f"{name} cannot be built: it has no argument {unexpected[1]}",
            "Settings that its __init__ takes.",
            f"def __init__(self, in_features, num_classes, {unexpected[1]}={settings[unexpected[1]]!r}): ...",
            where=where,
        )
    if isinstance(error, ModuleNotFoundError) and line is not None and Path(f"{error.name}.py").exists():
        return CannotBuild(
            f"{name}: its file imports {error.name}.py, which a run does not take along",
            "A model in one file, which is copied into the run.",
            f"# put the code of {error.name}.py here, in place of: {line.code}",
            where=where,
        )
    doing = "its file cannot be imported" if isinstance(error, ImportError) else "it cannot be built"
    return CannotBuild(
        f"{name}: {doing}: {type(error).__name__}: {text[:140]}",
        "A class that can be built.",
        (line.code if line else "MyNet(4, 3)") + "  # fails",
        where=where,
    )
