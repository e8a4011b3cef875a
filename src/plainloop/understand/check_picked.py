"""Class numbers where scores are expected: the operation that picked a class, and its line without it.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
from typing import Any

from torch import Tensor

from .check_trace import Call
from .check_trial import Trial

PICKS = ("argmax", "max", "topk")
CASTS = ("float", "to", "double", "type", "squeeze", "unsqueeze", "requires_grad_")


def class_numbers(trial: Trial, scores: Tensor) -> Call | None:
    """The argmax, max or topk that gave the scores, back through casts."""
    for call in trial.tape.history(scores)[:20]:  # a cast may give the very tensor it got: history goes back call by call
        if call.name not in CASTS or not call.tensors:
            return call if call.name in PICKS and not scores.is_floating_point() else None
        scores = call.tensors[0]
    return None


def without_picking(code: str) -> str:
    """A line without the argmax and what casts its result.

    >>> without_picking("return torch.argmax(self.f(x), dim=1).float()")
    'return self.f(x)'
    """
    return unpicked(code) or "return self.fc(x)  # without argmax"


def unpicked(code: str) -> str:
    """A line without its argmax; empty where it is not the last operation."""
    try:
        line: Any = ast.parse(f"def f():\n    {code}").body[0].body  # type: ignore[attr-defined]
    except SyntaxError:
        return ""
    node = getattr(line[0], "value", None) if line else None
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CASTS:
        node = node.func.value
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PICKS):
        return ""
    of_torch = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch" and node.args
    line[0].value = node.args[0] if of_torch else node.func.value
    return ast.unparse(line[0])
