"""Lines of the user's own code: where an operation was called, a layer made, a value assigned. Read from frames and syntax trees.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import nn

import plainloop

PLAINLOOP = str(Path(plainloop.__file__).parent) + os.sep
PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
NOT_THEIRS = (
    PLAINLOOP,
    str(Path(torch.__file__).parent) + os.sep,
    str(Path(sysconfig.get_paths()["stdlib"])) + os.sep,
)
COPIES = tuple(  # of plainloop's own files in a run folder, which a run may be loaded from
    os.sep.join(("plain", *parts)) for parts in (("models", "own.py"), ("models", "layers.py"), ("run.py",), ("loop.py",))
)


@dataclass(frozen=True)
class Line:
    """A line of source code."""

    file: str
    number: int
    text: str = ""

    @property
    def code(self) -> str:
        """The line without a comment behind it; empty where it is only a part of a statement."""
        bare = re.sub(r"\s+#[^\"']*$", "", self.text)
        try:
            ast.parse(f"{bare} pass" if bare.endswith(":") else bare)
        except SyntaxError:
            return ""
        return bare

    def call(self, name: str, sizes: Sequence[object] = ()) -> ast.Call | None:
        """The call of this name that begins on the line; of several the one whose numbers are these sizes."""
        tree = tree_of(self.file)
        calls = (
            [n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.lineno == self.number and called_name(n) == name]
            if tree
            else []
        )
        fitting = [call for call in calls if all(fits(a, size) for a, size in zip(call.args, sizes, strict=False))]
        return fitting[0] if fitting else None if sizes else calls[0] if calls else None

    def __str__(self) -> str:
        text = self.text if len(self.text) <= 90 else self.text[:87] + "..."
        return f"{shown(self.file)}:{self.number}" + (f": {text}" if text else "")


def fits(argument: ast.expr, size: object) -> bool:
    """Whether an argument as it is written can be a size: a number must be equal to it."""
    if not isinstance(argument, ast.Constant):
        return True
    return argument.value == size or (isinstance(size, tuple) and all(item == argument.value for item in size))


def shown(file: str) -> str:
    """A path as it is shown: from the working folder where it lies there, its name alone elsewhere."""
    path = Path(file)
    near = path.is_absolute() and path.is_relative_to(Path.cwd()) and "runs" not in path.parts
    return str(path.relative_to(Path.cwd())) if near else path.name


@lru_cache(maxsize=4096)
def is_theirs(file: str) -> bool:
    """Whether a file is the user's own: not torch's, Python's, an installed package's or plainloop's."""
    if file.startswith("<"):
        return file.startswith(("<stdin", "<ipython"))
    known = file.startswith(NOT_THEIRS) or file.endswith(COPIES) or any(part in file for part in PACKAGES)
    return not known or "ipykernel_" in file


def line_at(file: str, number: int) -> Line:
    return Line(file, number, linecache.getline(file, number).strip())


def is_code_of_theirs(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return is_theirs(file) or (file == "<string>" and frame.f_globals.get("__name__") == "__main__")  # python -c


def line_here() -> Line | None:
    """The innermost line of the user's own code, between here and the check that runs it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_name
        if name == "call_theirs" and frame.f_code.co_filename.startswith(PLAINLOOP):
            return None
        if is_code_of_theirs(frame):
            return line_at(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def line_of_error(error: BaseException) -> Line | None:
    """The innermost line of the user's own code at which an error arose, below the check's own frames."""
    steps = list(traceback.walk_tb(error.__traceback__))
    begin = max((i for i, (frame, _) in enumerate(steps) if frame.f_code.co_name == "call_theirs"), default=-1)
    for frame, number in reversed(steps[begin + 1 :]):
        if is_code_of_theirs(frame):
            return line_at(frame.f_code.co_filename, number)
    return None


def call_theirs(function: Any, *arguments: Any, **named: Any) -> Any:
    """Calls the user's code; lines of code are looked for below this frame."""
    return function(*arguments, **named)


def caller() -> FrameType | None:
    """The frame of the user's code that called the check."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_code_of_theirs(frame):
        frame = frame.f_back
    return frame


@lru_cache(maxsize=64)
def tree_of(file: str) -> ast.Module | None:
    """The syntax tree of a file; None where it cannot be read."""
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return None


def line_of_node(file: str, node: ast.AST) -> Line:
    return line_at(file, getattr(node, "lineno", 0))


def line_of_layer(model: nn.Module, name: str, script: Script) -> Line | None:
    """Where the layer of this dotted name is made: the assignment to `self.NAME`, or its place in a Sequential of the script."""
    parts = name.split(".") if name else []
    for depth in range(len(parts) - 1, -1, -1):  # the innermost module of the path whose class is the user's
        owner = model.get_submodule(".".join(parts[:depth]))
        found = class_tree(type(owner))
        if found is not None:
            return assigned_layer(*found, parts[depth:])
    if not isinstance(model, nn.Sequential) or script.tree is None:
        return None
    calls = [node for node in ast.walk(script.tree) if isinstance(node, ast.Call) and called_name(node) == "Sequential"]
    fitting = [node for node in calls if fits_layers(node, model)]
    before = [node for node in fitting if node.lineno <= script.number] or fitting
    return line_of_node(script.file, inside(max(before, key=lambda node: node.lineno), parts)) if before else None


def class_tree(kind: type) -> tuple[str, ast.ClassDef] | None:
    """The file and the syntax tree of a class of the user's own."""
    try:
        file = inspect.getsourcefile(kind) or ""
    except (TypeError, OSError):
        return None
    tree = tree_of(file) if is_theirs(file) else None
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__] if tree else []
    return (file, nodes[-1]) if nodes else None


def assigned_layer(file: str, tree: ast.ClassDef, parts: list[str]) -> Line | None:
    for node in ast.walk(tree):
        if any(isinstance(target, ast.Attribute) and target.attr == parts[0] for target in targets_of(node)):
            value = getattr(node, "value", None)
            return line_of_node(file, inside(value, parts[1:]) if parts[1:] and value is not None else node)
    return None


def targets_of(node: ast.AST) -> list[ast.expr]:
    """What an assignment assigns to, one by one: self.a, self.b = ..."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]


def attribute_line(kind: type, attribute: str, *, last: bool = False) -> tuple[Line, ...]:
    """Where an attribute is assigned in the user's class: the first time, or the last."""
    found = class_tree(kind)
    lines = []
    for node in ast.walk(found[1]) if found is not None else []:
        if any(isinstance(target, ast.Attribute) and target.attr == attribute for target in targets_of(node)):
            lines.append(getattr(node, "lineno", 0))
    return (line_at(found[0], max(lines) if last else min(lines)),) if found is not None and lines else ()


def inside(node: ast.AST, parts: list[str]) -> ast.AST:
    """The node within nested nn.Sequential(...) calls or lists that makes the layer of this path; as near as can be."""
    for part in parts:
        items = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
        if len(items) == 1 and isinstance(items[0], (ast.List, ast.Tuple)):
            items = items[0].elts
        if not part.isdigit() or int(part) >= len(items) or any(isinstance(item, ast.Starred) for item in items):
            break
        node = items[int(part)]
    return node


def fits_layers(node: ast.Call, model: nn.Sequential) -> bool:
    names = [called_name(item) if isinstance(item, ast.Call) else "" for item in node.args]
    return len(names) == len(model) and all(name in ("", type(layer).__name__) for name, layer in zip(names, model, strict=True))


def called_name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def function_at(line: Line | None) -> tuple[str, str]:
    """The function that a line is in and its first argument: ("forward", "x") where there is none."""
    name, argument, begin = "forward", "x", 0
    if line is None or (tree := tree_of(line.file)) is None:
        return name, argument
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and begin < node.lineno <= line.number <= (node.end_lineno or 0):
            names = [arg.arg for arg in node.args.args if arg.arg not in ("self", "cls")]
            name, argument, begin = node.name, next(iter(names), "x"), node.lineno
    return name, argument


def method_line(kind: type, method: str, *, returns: bool = True) -> Line | None:
    """The return of a method of the user's own class, or where it begins."""
    return function_line(inspect.getattr_static(kind, method, None), returns=returns)


def function_line(function: Any, *, returns: bool = True) -> Line | None:
    """The return of a function of the user's own, or where it begins."""
    try:
        file, (lines, first) = inspect.getsourcefile(function) or "", inspect.getsourcelines(function)
    except (OSError, TypeError):
        return None
    if not is_theirs(file):
        return None
    last = [first + i for i, line in enumerate(lines) if line.strip().startswith("return")]
    return line_at(file, last[-1] if last and returns else first)


class Script:
    """The script that called the check: where what it handed over was made."""

    def __init__(self, frame: FrameType | None):
        self.file = "" if frame is None else frame.f_code.co_filename
        self.number = 0 if frame is None else frame.f_lineno
        self.tree = tree_of(self.file) if self.file else None
        self.names: dict[str, Any] = {} if frame is None else {**frame.f_globals, **frame.f_locals}  # what they stand for now
        self.call = self._call()

    def _call(self) -> ast.Call | None:
        """The call of the check under way."""
        calls = [
            node
            for node in (ast.walk(self.tree) if self.tree else [])
            if isinstance(node, ast.Call)
            and called_name(node) in ("check", "train")
            and node.lineno <= self.number <= (node.end_lineno or node.lineno)
        ]
        return calls[-1] if calls else None

    @property
    def line(self) -> Line | None:
        return line_at(self.file, self.number) if self.file else None

    def argument(self, place: int, name: str) -> ast.expr | None:
        """What stands in the call for an argument."""
        if self.call is None:
            return None
        named = [keyword.value for keyword in self.call.keywords if keyword.arg == name]
        if named:
            return named[0]
        return self.call.args[place] if 0 <= place < len(self.call.args) else None

    def made(self, node: ast.expr | None) -> tuple[ast.expr | None, Line | None]:
        """The expression behind a name and its line; the expression itself where it is none."""
        if not isinstance(node, ast.Name):
            return node, (line_of_node(self.file, node) if node is not None else None)
        best: ast.Assign | ast.AugAssign | None = None
        index: int | None = None
        for other in self._statements():
            targets = other.targets if isinstance(other, ast.Assign) else [other.target]
            for target in targets:
                names = (
                    [getattr(t, "id", "") for t in target.elts] if isinstance(target, ast.Tuple) else [getattr(target, "id", "")]
                )
                if node.id in names and other.lineno <= self.number and (best is None or other.lineno >= best.lineno):
                    best, index = other, names.index(node.id) if len(names) > 1 else None
        if best is None:
            return None, line_of_node(self.file, node)
        value = best.value
        if index is not None:
            value = value.elts[index] if isinstance(value, ast.Tuple) and index < len(value.elts) else value
        return value, line_of_node(self.file, best)

    def _statements(self) -> Iterator[ast.Assign | ast.AugAssign]:
        for node in ast.walk(self.tree) if self.tree else []:
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                yield node

    def data(self, part: int) -> tuple[str, Line | None]:
        """The name and the line of the inputs (0) or the labels (1) of the data that the check was given."""
        node, line = self.argument(1, "data"), None
        for _ in range(6):
            value, at = self.made(node)
            line = at or line
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) > part:
                node = value.elts[part if part == 0 else -1]
            elif isinstance(value, ast.Call) and called_name(value) == "TensorDataset" and len(value.args) > part:
                node = value.args[part if part == 0 else -1]
            elif isinstance(value, ast.Call) and called_name(value) in ("DataLoader", "iter", "next", "Subset") and value.args:
                node = value.args[0]
                continue
            else:
                return "", line
            if isinstance(node, ast.Name):
                return node.id, self.made(node)[1] or line
            return "", line_of_node(self.file, node)
        return "", line

    def called(self, method: str) -> Line | None:
        """The last call of a method without arguments before the check: model.body.eval()."""
        found = [
            node.lineno
            for node in (ast.walk(self.tree) if self.tree else [])
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and called_name(node) == method
            and not node.args
            and node.lineno <= self.number
        ]
        return line_at(self.file, max(found)) if found else None

    def call_of(self, method: str) -> Line | None:
        """The last call of a method before the check, whatever its arguments."""
        calls = [n for n in (ast.walk(self.tree) if self.tree else []) if isinstance(n, ast.Call) and called_name(n) == method]
        found = [node.lineno for node in calls if node.lineno <= self.number]
        return line_at(self.file, max(found)) if found else None

    def attribute_set(self, names: tuple[str, ...]) -> Line | None:
        """Where an attribute of something is assigned last: p.requires_grad = False."""
        found = [
            node.lineno
            for node in self._statements()
            for target in targets_of(node)
            if isinstance(target, ast.Attribute) and target.attr in names and node.lineno <= self.number
        ]
        return line_at(self.file, max(found)) if found else None

    def layer(self, kind: str) -> Line | None:
        """Where a layer of this class is made, in the file at large: once alone, or it is not known which."""
        found = [n for n in (ast.walk(self.tree) if self.tree else []) if isinstance(n, ast.Call) and called_name(n) == kind]
        return line_of_node(self.file, found[0]) if len(found) == 1 else None

    def changed(self, name: str) -> Line | None:
        """Where a part of what a name stands for is assigned last: y[3] = ..."""
        found = [
            other.lineno
            for other in self._statements()
            for target in (other.targets if isinstance(other, ast.Assign) else [other.target])
            if isinstance(target, ast.Subscript) and getattr(target.value, "id", "") == name and other.lineno <= self.number
        ]
        return line_at(self.file, max(found)) if found and name else None

    def of(self, place: int, name: str) -> Line | None:
        """Where the value of an argument was made."""
        return self.made(self.argument(place, name))[1]
