"""Names that are not there: methods, layers, arguments and keys that forward asks for under another name.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import re

from torch import nn

from ..problems import nearest
from .check_finding import Finding
from .check_lines import Line, class_tree, function_at, line_at, method_line
from .check_problems_model import ForwardFails
from .check_trace import Call
from .check_trial import Trial
from .check_written import rewritten

IMPORTS = {  # names that everybody uses -> the line that brings them in
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "math": "import math",
    "pd": "import pandas as pd",
    "optim": "from torch import optim",
}


def unknown_name(name: str, where: tuple[Line, ...]) -> Finding:
    """A name that nothing stands for."""
    code = where[0].code if where else ""
    begun = f"nothing is called {name} here"
    if name in IMPORTS:
        return ForwardFails(f"{begun}: it is not imported", "Its import, at the top of the file.", IMPORTS[name], where=where)
    function, argument = function_at(where[0] if where else None)
    known = names_of(where[0] if where else None)
    near = nearest(name, sorted(known))
    fix = re.sub(rf"\b{name}\b", near[0], code) if near and code else re.sub(rf"\b{name}\b", f"self.{name}", code)
    if not near and name == "x":
        fix = re.sub(rf"\b{name}\b", argument, code)
    return ForwardFails(f"{begun}, in {function}", "A name that is assigned before, or an attribute of self.", fix, where=where)


def odd_value(trial: Trial, error: Exception, call: Call | None, where: tuple[Line, ...]) -> Finding | None:
    """An attribute that is text or a list where a function or a tensor is wanted, and tensors that are not joined in a tuple."""
    text, code = str(error), where[0].code if where else ""
    argument = function_at(where[0] if where else None)[1]
    for name in re.findall(r"self\.(\w+)", code):
        holders = [m for m in trial.core.modules() if name in vars(m)]
        value = vars(holders[0])[name] if holders else None
        if isinstance(value, str) and f"self.{name}(" in code and "not callable" in text:
            fix = code.replace(f"self.{name}(", f"getattr(torch, self.{name})(")
            return ForwardFails(f"self.{name} is the text {value!r}, which cannot be called", "A function.", fix, where=where)
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, (int, float)) for v in value) and call is not None:
            fix = re.sub(rf"\bself\.{name}\b", f"torch.tensor(self.{name}, device={argument}.device)", code)
            return ForwardFails(f"self.{name} is a list of numbers where a tensor is wanted", "A tensor.", fix, where=where)
    if ("must be tuple of Tensors, not Tensor" in text and call is None) or (call is not None and call.name in ("cat", "stack")):
        found = re.search(r"torch\.(cat|stack|concat)\(", code)
        changed = rewritten(code, found[1], joined_in_a_tuple) if found is not None and "tuple of Tensors" in text else ""
        if changed:
            return ForwardFails("Tensors are joined one by one", "One tuple or list of them.", changed, where=where)
    return None


def joined_in_a_tuple(node: ast.Call) -> ast.expr:
    words = node.keywords or [ast.keyword("dim", ast.Constant(1))]
    return ast.Call(node.func, [ast.Tuple(node.args, ast.Load())], words)


def names_of(line: Line | None) -> set[str]:
    """The names that the function of a line assigns or is given."""
    from .check_lines import tree_of

    tree = tree_of(line.file) if line is not None else None
    for node in ast.walk(tree) if tree is not None else []:
        if line is not None and isinstance(node, ast.FunctionDef) and node.lineno <= line.number <= (node.end_lineno or 0):
            given = {argument.arg for argument in node.args.args} - {"self"}
            return given | {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return set()


def wants_a_dictionary(trial: Trial, call: Call | None, error: Exception, where: tuple[Line, ...]) -> Finding | None:
    """forward asks its input for a key that it has not, or that a tensor cannot have."""
    of_tensor = call is not None and call.name == "__getitem__" and len(call.args) > 1 and isinstance(call.args[1], str)
    key = str(call.args[1]) if call is not None and of_tensor else str(error.args[0]) if error.args else ""
    if not of_tensor and not (isinstance(error, KeyError) and call is None):
        return None
    code, argument = where[0].code if where else "", function_at(where[0] if where else None)[1]
    dictionary = trial.batch.args[0] if trial.batch.args and isinstance(trial.batch.args[0], dict) else trial.batch.raw
    if isinstance(dictionary, dict) and not trial.inside:
        keys = [str(name) for name in dictionary if dictionary[name] is not trial.batch.labels]
        near = [*nearest(key, keys), *keys][:1]
        text = f"forward asks for {key!r}, and a batch has {', '.join(map(repr, keys))}"
        fix = code.replace(f'"{key}"', f'"{near[0]}"').replace(f"'{key}'", f"'{near[0]}'") if near else code
        return ForwardFails(text, "A key that the data has.", fix, where=where)
    if not of_tensor:
        return None
    text = f"forward asks its input for {key!r}, and its input is a tensor: the numbers of a row, without names"
    fix = re.sub(rf"\b{argument}\[([\"']){re.escape(key)}\1\]", argument, code)
    return ForwardFails(text, "The tensor itself, or its columns by their numbers.", fix or f"x = {argument}", where=where)


def no_forward(trial: Trial, called: Line | None) -> Finding:
    """A class without forward, or with one under another name."""
    layer = trial.tape.layers[-1][0] if trial.tape.layers else trial.core
    own = [name for name in vars(type(layer)) if callable(getattr(layer, name, None)) and not name.startswith("__")]
    near = [name for name in [*nearest("forward", own), *own] if name]
    line = method_line(type(layer), near[0], returns=False) if near else method_line(type(layer), "__init__", returns=False)
    holder = isinstance(layer, (nn.ModuleList, nn.ModuleDict))
    if holder:
        return ForwardFails(
            f"{trial.layer(layer)} is only a list and cannot be called",
            "Its layers, one by one.",
            f"for layer in self.{trial.names.get(id(layer), 'layers')}: x = layer(x)",
            where=(called,) if called else (),
        )
    what = f"The class {type(layer).__name__} has no method forward" + (f", but one called {near[0]}" if near else "")
    return ForwardFails(
        what, "A method called forward, one level inside the class.", "def forward(self, x):", where=(line,) if line else ()
    )


def no_attribute(trial: Trial, kind: str, name: str, where: tuple[Line, ...]) -> Finding:
    known = [child for module in trial.core.modules() if type(module).__name__ == kind for child in dict(module.named_children())]
    near = nearest(name, known) or known
    old = where[0].code if where else f"self.{name}"
    if kind == "tuple":
        return ForwardFails(
            "A tuple is used as a tensor; recurrent layers give a pair (outputs, state)",
            "The first of the pair.",
            "x, _ = self.rnn(x)",
            where=where,
        )
    local = local_layer(trial, kind, name)
    if local is not None:
        return ForwardFails(
            f"{kind} has no attribute {name}: __init__ makes it without self",
            "Layers kept as attributes of self.",
            f"self.{local.code}",
            where=(*where, local),
        )
    if kind == "Tensor" or not known:
        return ForwardFails(f"{kind} has no attribute {name}", "One that is there.", f"{old}  # reproduces it", where=where)
    return ForwardFails(
        f"{kind} has no layer {name}",
        f"One that __init__ makes: {', '.join(known[:8])}.",
        old.replace(f".{name}", f".{near[0]}"),
        where=where,
    )


def local_layer(trial: Trial, kind: str, name: str) -> Line | None:
    """Where __init__ assigns a layer to a name of its own in place of an attribute."""
    module = next((module for module in trial.core.modules() if type(module).__name__ == kind), None)
    found = class_tree(type(module)) if module is not None else None
    for node in ast.walk(found[1]) if found is not None else []:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return line_at(found[0], node.lineno) if found is not None else None
    return None


def other_inputs(trial: Trial, text: str) -> Finding:
    """Another number of inputs than forward has arguments."""
    given = len(trial.batch.args) + len(trial.batch.kwargs)
    line = method_line(type(trial.core), "forward", returns=False)
    lacking = re.findall(r"'(\w+)'", text) if "missing" in text else []
    tree = forward_tree(trial)
    if tree is not None and tree.args.args and tree.args.args[0].arg != "self":
        fix = f"def forward(self, {', '.join(argument.arg for argument in tree.args.args)}):"
        what = "forward has no argument self: what it is given first is the model itself"
        return ForwardFails(what, "self before the inputs.", fix, where=tuple(found for found in (line,) if found))
    fix = f"def forward(self, {', '.join(f'x{i + 1}' for i in range(given))}):"
    if lacking and trial.inside:
        fix = "def forward(self, x):  # all numbers of a row; or forward(self, inputs: dict), which has each kind of input"
    elif lacking and not used_in_forward(trial, lacking):
        kept = [name for name in arguments_of(trial) if name not in lacking]
        fix = f"def forward(self, {', '.join(kept)}):  # {', '.join(lacking)}: not used in it"
    elif lacking:
        fix = f"return x, {', '.join(lacking)}, y  # in the data: as many inputs as forward takes, then the label"
    return ForwardFails(
        f"forward gets {given} input{'s' if given > 1 else ''}: {text.partition('forward() ')[2]}",
        "As many inputs in a batch as forward has arguments.",
        fix,
        where=tuple(found for found in (line,) if found),
    )


def forward_tree(trial: Trial) -> ast.FunctionDef | None:
    found = class_tree(type(trial.core))
    functions = [node for node in (found[1].body if found is not None else []) if isinstance(node, ast.FunctionDef)]
    return next((node for node in functions if node.name == "forward"), None)


def arguments_of(trial: Trial) -> list[str]:
    tree = forward_tree(trial)
    return [argument.arg for argument in tree.args.args if argument.arg != "self"] if tree is not None else []


def used_in_forward(trial: Trial, names: list[str]) -> bool:
    """Whether forward does anything with arguments of these names."""
    tree = forward_tree(trial)
    parts = ast.walk(tree) if tree is not None else iter([])
    return tree is None or any(isinstance(part, ast.Name) and part.id in names for part in parts)
