"""What the user's script did to the data before the check got it: shapes as they are followed from statement to statement.

Part of the pre-flight, see check.py. A view that swaps axes, two orders for inputs and labels and bytes that wrap around leave
tensors that look right; only the lines that made them tell. Shapes are known from the values that names still have, from sizes in
calls that make tensors, and from what each operation does to a shape; where nothing is known, nothing is said.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch.utils.data import Subset

from .check_lines import Line, Script, called_name, class_tree, line_at
from .check_orders import assigned, names_in, two_orders
from .check_problems_rows import BytesWrapped
from .check_problems_wiring import AxesRegrouped
from .check_regrouped import mended_at, torn
from .check_trial import Trial

Shape = tuple[int, ...] | None
SAME = (  # methods that leave a shape as it is
    *(
        "float",
        "double",
        "long",
        "int",
        "half",
        "bool",
        "byte",
        "astype",
        "numpy",
        "contiguous",
        "clone",
        "copy",
        "detach",
        "cpu",
    ),
    *("to", "cuda", "type", "div", "div_", "mul", "mul_", "sub", "sub_", "add", "add_", "clamp", "clip", "requires_grad_", "abs"),
)
WRAPS = ("from_numpy", "tensor", "as_tensor", "array", "asarray", "ascontiguousarray", "Tensor", "FloatTensor", "float32")
MAKES = ("rand", "randn", "zeros", "ones", "empty", "random", "standard_normal", "full")
SIZED = ("normal", "integers", "uniform", "randint", "choice", "random", "poisson", "random_sample")
VIEWS = ("view", "reshape")


@dataclass
class Swap:
    """A view that swaps axes: its line, the shapes before and after it, whether it is NumPy's."""

    line: Line
    before: tuple[int, ...]
    after: tuple[int, ...]
    of_numpy: bool

    @property
    def fix(self) -> str:
        name = "view" if ".view(" in self.line.text else "reshape"
        made = mended_at(self.line, name, self.before, self.after, "swapped")
        return made.replace(".permute(", ".transpose(") if self.of_numpy else made


@dataclass
class Reader:
    """Follows shapes through the statements of a script or a method."""

    file: str
    values: dict[str, Any]  # what names and attributes are in the end
    shapes: dict[str, Shape] = field(default_factory=dict)
    found: list[Swap] = field(default_factory=list)

    def read(self, statements: list[ast.stmt], wanted: set[str] | None = None) -> None:
        """Reads assignments in their order; wanted: the names whose views are looked at."""
        last = {name: node for node in statements for name in assigned(node)}
        for node in statements:
            names = assigned(node)
            value = getattr(node, "value", None)
            if isinstance(node, ast.AugAssign) or not isinstance(value, ast.expr):
                continue
            seen = len(self.found)
            shape = self.shape(value)
            if wanted is not None and not wanted & set(names):
                del self.found[seen:]
            if isinstance(value, ast.Tuple) and len(value.elts) == len(names):
                for name, part in zip(names, value.elts, strict=True):
                    self.shapes[name] = self.kept(name, node, last) or self.shape(part)
            elif names:
                for name in names:
                    self.shapes[name] = self.kept(name, node, last) or (shape if len(names) == 1 else None)

    def kept(self, name: str, node: ast.stmt, last: dict[str, ast.stmt]) -> Shape:
        """The shape that the name has still, where this is its last assignment."""
        return shape_of_value(self.values.get(name)) if last[name] is node else None

    def shape(self, node: ast.expr) -> Shape:
        """The shape of an expression; views on the way are noted."""
        if isinstance(node, ast.Name):
            return self.shapes[node.id] if node.id in self.shapes else shape_of_value(self.values.get(node.id))
        if isinstance(node, ast.Attribute):
            if node.attr == "T" and (owner := self.shape(node.value)) is not None:
                return owner[::-1]
            return shape_of_value(self.values.get(ast.unparse(node))) if isinstance(node.value, ast.Name) else None
        if isinstance(node, ast.BinOp):
            left, right = self.shape(node.left), self.shape(node.right)
            return left if right is None or (left is not None and len(left) >= len(right)) else right
        if isinstance(node, ast.Subscript):
            owner = self.shape(node.value)
            return None if owner is None else indexed(owner, node.slice)
        return self.of_call(node) if isinstance(node, ast.Call) else None

    def of_call(self, node: ast.Call) -> Shape:
        name, func = called_name(node), node.func
        of_module = isinstance(func, ast.Attribute) and ast.unparse(func.value) in ("torch", "np", "numpy", "np.random", "F")
        if name in MAKES or name in SIZED:
            return sizes_written(node, name, self.values)
        if name in WRAPS and node.args:
            return self.shape(node.args[0])
        if not isinstance(func, ast.Attribute) and not of_module:
            return None
        owner_node = node.args[0] if of_module and node.args else func.value if isinstance(func, ast.Attribute) else node
        owner = self.shape(owner_node)
        rest = node.args[1:] if of_module else node.args
        if name in SAME:
            return owner
        if owner is None:
            return None
        numbers = written_numbers(rest, self.values)
        if name in VIEWS and numbers:
            after = completed(owner, numbers)
            if after is not None and math.prod(after) == math.prod(owner):
                self.note(node, owner, after)
                return after
            return None
        if name == "permute" or (name == "transpose" and len(numbers) == len(owner)):
            return (
                tuple(owner[axis] for axis in numbers)
                if sorted(a % len(owner) for a in numbers) == list(range(len(owner)))
                else None
            )
        if name in ("transpose", "swapaxes") and len(numbers) == 2:
            axes = list(owner)
            a, b = numbers
            axes[a], axes[b] = axes[b], axes[a]
            return tuple(axes)
        if name == "unsqueeze" and len(numbers) == 1:
            place = numbers[0] % (len(owner) + 1)
            return (*owner[:place], 1, *owner[place:])
        return None

    def note(self, node: ast.Call, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        rows = before[:1] == after[:1]
        if torn(before[1:], after[1:]) == "swapped" if rows else torn(before, after) == "swapped":
            text = ast.unparse(node.func)
            owner = getattr(node.func, "value", node)
            arrays = any(isinstance(self.values.get(name), np.ndarray) for name in (ast.unparse(owner), *names_in(owner)))
            line = line_at(self.file, node.end_lineno or node.lineno)
            self.found.append(Swap(line, before, after, arrays and "torch." not in text))


def shape_of_value(value: Any) -> Shape:
    shape = getattr(value, "shape", None)
    try:
        return tuple(int(size) for size in shape) if shape is not None and len(shape) else None
    except TypeError:
        return None


def number_in(node: ast.expr | None, values: dict[str, Any] | None = None) -> int | None:
    """A whole number as it is written, also -1 and 16 * 4, or what a name stands for."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        value: Any = (values or {}).get(ast.unparse(node))
    else:
        try:
            value = ast.literal_eval(node) if node is not None else None
        except (ValueError, SyntaxError):
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def written_numbers(args: list[ast.expr], values: dict[str, Any] | None = None) -> list[int]:
    """The numbers of a shape, in a tuple or one by one; -1 for one that is not a number, where there is one of these alone."""
    if len(args) == 1 and isinstance(args[0], (ast.Tuple, ast.List)):
        args = args[0].elts
    numbers = [number_in(argument, values) for argument in args]
    return [] if numbers.count(None) + numbers.count(-1) > 1 else [-1 if number is None else number for number in numbers]


def completed(before: tuple[int, ...], sizes: list[int]) -> Shape:
    """The shape that a view gives, with the size for -1."""
    known = math.prod(size for size in sizes if size != -1)
    if not known or math.prod(before) % known:
        return None
    return tuple(math.prod(before) // known if size == -1 else size for size in sizes)


def indexed(shape: tuple[int, ...], index: ast.expr) -> Shape:
    """The shape after x[i], x[a:b] or x[order]; unknown for the rest."""
    if isinstance(index, ast.Slice):
        return None if index.lower or index.upper or index.step else shape
    return shape[1:] if isinstance(index, (ast.Name, ast.Constant)) and len(shape) > 1 else None


def sizes_written(node: ast.Call, name: str, values: dict[str, Any]) -> Shape:
    """The sizes of a call that makes numbers: torch.randn(4, 3), rng.normal(size=(4, 3))."""
    size = next((word.value for word in node.keywords if word.arg == "size"), None)
    tuples: list[ast.expr] = [argument for argument in node.args if isinstance(argument, ast.Tuple)]
    args = [size] if size is not None else node.args if name in MAKES else tuples
    numbers = written_numbers(args, values)
    return tuple(numbers) if numbers and -1 not in numbers else None


def statements_before(script: Script) -> list[ast.stmt]:
    """The statements of the script, or of the function that the check is called in, before the call."""
    body: list[ast.stmt] = list(getattr(script.tree, "body", []))
    for node in ast.walk(script.tree) if script.tree else []:
        if isinstance(node, ast.FunctionDef) and node.lineno <= script.number <= (node.end_lineno or 0):
            body = [*body, *node.body]
    return [node for node in body if node.lineno <= script.number]


def feeding(script: Script, statements: list[ast.stmt]) -> set[str]:
    """The names that the data of the check is made of."""
    node = script.argument(1, "data")
    wanted = names_in(node)
    for statement in reversed(statements):
        if wanted & set(assigned(statement)):
            wanted |= names_in(getattr(statement, "value", None))
    return wanted


def made_before(trial: Trial) -> None:
    """Adds findings about how the script, or the dataset, made the data."""
    if trial.inside:
        return
    script = trial.script
    statements = statements_before(script)
    wanted = feeding(script, statements) if statements else set()
    reader = Reader(script.file, script.names)
    reader.read(statements, wanted)
    for function in functions_named(script, wanted):
        within = Reader(script.file, {})
        within.read(function.body)
        reader.found += within.found
    for owner, file, method in methods_of(trial):
        if method.name == "__init__":
            reader.found += of_init(trial, owner, file, method, reader)
            continue
        within = Reader(file, {f"self.{name}": value for name, value in vars(owner).items()})
        within.read([node for node in ast.walk(method) if isinstance(node, (ast.Assign, ast.Return))])
        reader.found += within.found
    for swap in reader.found[:1]:
        name = "view" if ".view(" in swap.line.text else "reshape"
        text = f"{name} regroups {swap.before} to {swap.after}: numbers of one place land in another"
        expected = "Axes that are swapped by transpose or permute."
        trial.add(AxesRegrouped(text, expected, swap.fix, where=(swap.line,)))
    bytes_wrap(trial, statements, wanted)
    two_orders(trial, statements)


def bytes_wrap(trial: Trial, statements: list[ast.stmt], wanted: set[str]) -> None:
    """Adds the finding for a difference or sum of bytes with a whole number, on the way to the data."""
    places = [(trial.script.file, node, trial.script.names) for node in statements if wanted & set(assigned(node))]
    for owner, file, method in methods_of(trial):
        held = {f"self.{name}": value for name, value in vars(owner).items()}
        places += [(file, node, held) for node in method.body]
    for file, statement, values in places:
        for node in ast.walk(statement):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Sub, ast.Add)) or not number_in(node.right):
                continue
            part = node.left.value if isinstance(node.left, ast.Subscript) else node.left
            if str(getattr(values.get(ast.unparse(part)), "dtype", "")).rpartition(".")[2] != "uint8":
                continue
            line, text = line_at(file, node.lineno), ast.unparse(node)
            cast = ".astype('float32')" if isinstance(values[ast.unparse(part)], np.ndarray) else ".float()"
            left = ast.unparse(node.left)
            fix = line.code.replace(text, text.replace(left, f"{left}{cast}", 1)) or f"x = x{cast}"
            what = f"{text} is computed in bytes: what would be negative becomes large, and what is above 255 small"
            trial.add(BytesWrapped(what, "Floats before the arithmetic.", fix, where=(line,)))
            return


def functions_named(script: Script, names: set[str]) -> list[ast.FunctionDef]:
    """The functions of the script that the data is made by."""
    return [node for node in getattr(script.tree, "body", []) if isinstance(node, ast.FunctionDef) and node.name in names]


def of_init(trial: Trial, owner: Any, file: str, method: ast.FunctionDef, script: Reader) -> list[Swap]:
    """Views in the __init__ of a dataset, whose arguments are those that the script gives it."""
    names = [argument.arg for argument in method.args.args[1:]]
    calls = [
        node
        for node in (ast.walk(trial.script.tree) if trial.script.tree else [])
        if isinstance(node, ast.Call) and called_name(node) == type(owner).__name__
    ]
    given = dict(zip(names, calls[0].args, strict=False)) if len(calls) == 1 else {}
    given |= {word.arg: word.value for word in calls[0].keywords if word.arg} if len(calls) == 1 else {}
    within = Reader(file, {f"self.{name}": value for name, value in vars(owner).items()})
    within.shapes = {name: script.shape(node) for name, node in given.items()}
    within.read(method.body)
    return within.found


def methods_of(trial: Trial) -> Iterator[tuple[Any, str, ast.FunctionDef]]:
    """The methods of the user's dataset that hand rows out."""
    owner: Any = trial.data.source
    while isinstance(owner, Subset):
        owner = owner.dataset
    found = class_tree(type(owner)) if owner is not None and hasattr(owner, "__dict__") else None
    for node in found[1].body if found is not None else []:
        if found is not None and isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__getitem__", "__iter__"):
            yield owner, found[0], node
