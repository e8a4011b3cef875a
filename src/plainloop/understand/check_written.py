"""Lines of the user's code with one call written otherwise, to be pasted. Part of the pre-flight, see check.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from torch import nn

from .check_lines import Line, called_name, class_tree, function_at, line_of_node


def rewritten(code: str, name: str, change: Callable[[ast.Call], ast.expr | None]) -> str:
    """A line with all calls of a name changed; empty where there are none, or where it is not a whole statement.

    >>> rewritten("x = torch.log(p) + 1", "log", lambda call: call.args[0])
    'x = p + 1'
    """
    try:
        tree = ast.parse(f"def f():\n    {code}")
    except SyntaxError:
        return ""

    class Change(ast.NodeTransformer):
        found = False

        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            new = change(node) if called_name(node) == name else None
            self.found = self.found or new is not None
            return new if new is not None else node

    visitor = Change()
    changed = visitor.visit(tree)
    return ast.unparse(ast.fix_missing_locations(changed).body[0].body[0]) if visitor.found else ""


def as_object(code: str, name: str) -> str:
    """A line that gives its tensors to a class, with an object of it made first.

    >>> as_object("x = nn.ReLU(self.fc1(x))", "ReLU")
    'x = nn.ReLU()(self.fc1(x))'
    """
    return rewritten(code, name, lambda call: ast.Call(ast.Call(call.func, [], []), call.args, call.keywords))


def class_called(model: type, kind: str) -> tuple[str, Line] | None:
    """Where forward gives a tensor to a class of torch, nn.ReLU(x), and the line with an object of it."""
    found = class_tree(model)
    functions = [node for node in found[1].body if isinstance(node, ast.FunctionDef)] if found is not None else []
    for function in functions:
        for node in ast.walk(function) if function.name != "__init__" else ():
            if isinstance(node, ast.Call) and called_name(node) == kind and node.args and found is not None:
                line = line_of_node(found[0], node)
                return as_object(line.code, kind) or f"x = nn.{kind}()(x)", line
    return None


def unwrapped(code: str, name: str) -> str:
    """A line with the first argument of a call in place of the call.

    >>> unwrapped("loss = torch.tensor(loss, requires_grad=True).mean()", "tensor")
    'loss = loss.mean()'
    """
    return rewritten(code, name, lambda call: call.args[0] if call.args else None)


def on_the_device_of(line: Line | None) -> str:
    """A line that asks for a GPU by name, with the device of the inputs in its place.

    .cuda() of the input itself becomes the device of the weights.
    """
    code, argument = line.code if line is not None else "", function_at(line)[1]

    def one(call: ast.Call) -> ast.expr | None:
        if not isinstance(call.func, ast.Attribute):
            return None
        owner = ast.unparse(call.func.value)
        home = "next(self.parameters()).device" if owner == argument else f"{argument}.device"
        return ast.parse(f"{owner}.to({home})", mode="eval").body

    named = re.sub(r"([\"'])cuda(?::\d+)?\1", f"{argument}.device", code)
    if named != code:
        return named
    return rewritten(code, "cuda", one) or f"{argument} = {argument}.to(next(self.parameters()).device)"


def left_out(code: str, kind: str) -> str:
    """A line of nn.Sequential without its last layer of a kind; empty where it is not there once.

    >>> left_out("m = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())", "Sigmoid")
    'm = nn.Sequential(nn.Linear(4, 1))'
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) == "Sequential":
            found = [item for item in node.args if isinstance(item, ast.Call) and called_name(item) == kind]
            if found and found[-1] is node.args[-1]:
                node.args.remove(found[-1])
                return ast.unparse(tree)
    return ""


def with_batch_first(layer: nn.Module, line: Line | None) -> str:
    """The line that makes a layer, with batch_first=True."""
    kind = type(layer).__name__
    code = line.code if line is not None else ""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == kind and node.end_col_offset:
            text = code.encode()  # places in a syntax tree count bytes
            begun, rest = text[: node.end_col_offset - 1].decode(), text[node.end_col_offset - 1 :].decode()
            return f"{begun}, batch_first=True{rest}".replace("batch_first=False, ", "").replace(", batch_first=False", "")
    return f"nn.{kind}(..., batch_first=True)"
