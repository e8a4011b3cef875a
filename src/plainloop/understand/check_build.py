"""Why a model of the user's own cannot be built from its file: the line, the cause, the fix.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from ..plain.models.own import IN_NAMES, OUT_NAMES, VOCABULARY_NAMES
from ..problems import nearest
from .check_lines import Line, class_tree, line_at, line_of_error, tree_of
from .check_names import IMPORTS
from .check_problems_model import CannotBuild

PACKAGES = [
    "torch",
    "torchvision",
    "torchaudio",
    "torchmetrics",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "polars",
    "einops",
]
KNOWN = [*IN_NAMES, *OUT_NAMES, *VOCABULARY_NAMES, "in_channels", "image_size", "shapes"]


def explain_build(error: Exception, name: str, settings: dict[str, Any], file: Path | None = None) -> CannotBuild:
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
        begun = init_of(file, name.rpartition(":")[2])
        meant = {word: [] if word in KNOWN else nearest(word, KNOWN)[:1] for word in asked}
        if begun is not None and all(meant.values()):
            fix = begun.code
            for word, names in meant.items():
                fix = re.sub(rf"\b{word}\b", names[0], fix)
            return CannotBuild(
                f"{name} cannot be built: nobody knows its argument{'s' if len(asked) > 1 else ''} {', '.join(asked)}",
                f"The names that are known: {', '.join(names[0] for names in meant.values())}.",
                f"{fix}  # and in the lines below it",
                where=(begun,),
            )
        return CannotBuild(
            f"{name} cannot be built: nobody knows its argument{'s' if len(asked) > 1 else ''} {', '.join(asked)}",
            "Arguments with a default, or given with --set; in_features, num_classes and their like are known.",
            f"def __init__(self, in_features, num_classes, {', '.join(f'{word}=64' for word in asked)}): ...  # or {given}",
            where=where or ((begun,) if begun is not None else ()),
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
    if isinstance(error, NameError) and (found := re.search(r"name '(\w+)' is not defined", text)) and line is not None:
        word, begun = found[1], method_around(line)
        fix = IMPORTS.get(word) or (f"{begun.code[:-2]}, {word}=64):" if begun is not None and begun.code.endswith("):") else "")
        near = nearest(word, re.findall(r"\w+", begun.code)) if begun is not None else []
        fix = re.sub(rf"\b{word}\b", near[0], line.code) if near and word not in IMPORTS else fix or f"{word} = 64"
        lines = (line,) if near or word in IMPORTS or begun is None else (line, begun)
        what = f"{name} cannot be built: nothing is called {word} there"
        return CannotBuild(what, "A name that is imported, assigned, or an argument.", fix, where=lines)
    if isinstance(error, ModuleNotFoundError) and line is not None and (near := nearest(str(error.name), PACKAGES)):
        what = f"{name}: its file cannot be imported: there is no package {error.name}; {near[0]} is near"
        return CannotBuild(what, "The name of a package that is there.", line.code.replace(str(error.name), near[0]), where=where)
    doing = "its file cannot be imported" if isinstance(error, ImportError) else "it cannot be built"
    return CannotBuild(
        f"{name}: {doing}: {type(error).__name__}: {text[:140]}",
        "A class that can be built.",
        (line.code if line else "MyNet(4, 3)") + "  # fails",
        where=where,
    )


def not_a_module(kind: type, name: str) -> CannotBuild:
    """The finding for a class of another kind than nn.Module."""
    found = class_tree(kind)
    line = line_at(found[0], found[1].lineno) if found is not None else None
    fix = f"class {kind.__name__}(nn.Module):  # and super().__init__() first in __init__"
    where = (line,) if line is not None else ()
    return CannotBuild(f"{name} is a class, and no nn.Module", "A class of nn.Module.", fix, where=where)


def init_of(file: Path | None, kind: str) -> Line | None:
    """The def of __init__ in the class of a file."""
    tree = tree_of(str(file)) if file is not None else None
    for node in ast.walk(tree) if tree is not None else []:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            found = [part.lineno for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
            return line_at(str(file), found[0]) if found else None
    return None


def method_around(line: Line) -> Line | None:
    """The def of the function that a line is in."""
    tree = tree_of(line.file)
    found = [
        node.lineno
        for node in (ast.walk(tree) if tree is not None else [])
        if isinstance(node, ast.FunctionDef) and node.lineno <= line.number <= (node.end_lineno or 0)
    ]
    return line_at(line.file, max(found)) if found else None
