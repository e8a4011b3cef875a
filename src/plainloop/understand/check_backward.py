"""What can go wrong on the way back: values that were overwritten, graphs that are gone, numbers that are not finite.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import re

import torch
from torch import Tensor

from ..problems import listed
from .check_finding import Finding
from .check_lines import line_of_error
from .check_problems_data import NotFinite
from .check_problems_training import (
    GraphKept,
    InPlaceChange,
    LossFails,
)
from .check_trace import Call
from .check_trial import Trial
from .check_written import rewritten

HUGE, LARGE = 1e12, 1e6  # values that a sum of squares cannot hold, and those on the way there


def backward(trial: Trial) -> bool:
    """The gradients of one batch; adds the finding where they cannot be computed or are not finite."""
    loss = trial.loss_value
    assert loss is not None
    trial.model.zero_grad(set_to_none=True)
    try:
        loss.backward()
    except RuntimeError as error:
        trial.add(explain_backward(trial, error))
        return False
    broken = [name for name, p in trial.parameters.items() if p.grad is not None and not torch.isfinite(p.grad).all()]
    if broken:
        names = ("sqrt", "norm", "log", "pow", "__pow__", "std", "div", "truediv", "acos", "asin")
        call = next((c for c in reversed(trial.tape.calls) if c.name in names), None)
        text = f"The gradients of {listed(broken, 4)} are not finite, though the loss is: a root, a logarithm or a norm at 0"
        fix = (away_from_zero(call) if call is not None else "") or "x = (x + 1e-8).sqrt()  # keeps away from 0"
        trial.add(NotFinite(text, "Finite gradients.", fix, where=trial.where(call)))
        return False
    return True


def explain_backward(trial: Trial, error: RuntimeError) -> Finding:
    text = " ".join(str(error).split())
    if "inplace operation" in text:
        shape = re.search(r"FloatTensor \[([\d, ]*)\]", text)
        sizes = tuple(int(size) for size in shape[1].split(",") if size.strip()) if shape else None
        found = [c for c in trial.tape.calls if c.line is not None and is_inplace(c)]
        near = [c for c in found if c.tensors and (sizes is None or tuple(c.tensors[0].shape) == sizes)] or found
        call = near[0] if near else None
        title = (
            {"__setitem__": "The assignment [...] =", "__iadd__": "+=", "__imul__": "*=", "__isub__": "-="}.get(
                call.name, call.name
            )
            if call
            else "An operation"
        )
        return InPlaceChange(
            f"{title} overwrites a value that backward needs",
            "A new tensor in place of the old one.",
            apart(call),
            where=trial.where(call),
        )
    if "second time" in text:
        return GraphKept(
            "The graph of an earlier step is used again",
            "Steps that stand for themselves.",
            "self.hidden = self.hidden.detach()  # what is kept from batch to batch",
            where=trial.where(trial.tape.calls[-1] if trial.tape.calls else None),
        )
    line = line_of_error(error)
    return LossFails(
        f"backward fails: {text[:160]}",
        "Gradients of every parameter.",
        "loss.backward()  # reproduces it",
        where=(line,) if line else (),
    )


def is_inplace(call: Call) -> bool:
    out, args = call.outs, call.tensors
    named = (call.name.endswith("_") and not call.name.startswith("__")) or call.name in (
        "__setitem__",
        "__iadd__",
        "__imul__",
        "__isub__",
        "__itruediv__",
    )
    same = bool(out and args and out[0] is args[0]) and call.name not in (
        "to",
        "contiguous",
        "float",
        "cpu",
        "requires_grad_",
        "dropout",
    )
    return named or same or bool(call.kwargs.get("inplace"))


def apart(call: Call | None) -> str:
    """The line of an operation in place, written as one that makes a new tensor."""
    text = call.line.code if call is not None and call.line is not None else ""
    found = re.match(r"^([\w.]+)\s*([+\-*/])=\s*(.+)$", text)
    if found:
        return f"{found[1]} = {found[1]} {found[2]} {found[3]}"
    if call is not None and call.name.endswith("_") and f".{call.name}(" in text:
        changed = text.replace(f".{call.name}(", f".{call.name[:-1]}(")
        return changed if "=" in changed.split("(")[0] or changed.startswith("return") else f"{changed.split('.')[0]} = {changed}"
    if "inplace=True" in text:
        return text.replace("inplace=True", "inplace=False")
    held = re.match(r"^([A-Za-z_]\w*)\[", text)
    name = held[1] if held else "x"
    return f"{name} = {name}.clone()  # before it is changed in place"


def not_finite(trial: Trial, value: Tensor) -> Finding:
    """The first operation that makes values that are not finite."""
    call = first_broken(trial.tape.calls)
    if call is None:
        return NotFinite("The scores are not finite", "Finite scores.", "x = torch.nan_to_num(x)")
    given = [tensor for tensor in call.tensors if tensor.is_floating_point() and tensor.numel()]
    parameter = next((name for name, p in trial.parameters.items() if not torch.isfinite(p).all()), None)
    if parameter is not None:
        line = trial.made_parameter(parameter)
        return NotFinite(
            f"The weights {parameter} are not finite before training begins",
            "Finite first weights.",
            f"nn.init.normal_({trial.parameter_path(parameter)}, std=0.02)",
            where=(line,) if line else (),
        )
    if given and (found := grown(trial, call, given)) is not None:
        return found
    low = (
        f"; the smallest it gets is {float(given[0].detach().min()):.3g}, the largest {float(given[0].detach().max()):.3g}"
        if given
        else ""
    )
    safe = {
        "log": "torch.log(x.clamp_min(1e-6))",
        "sqrt": "torch.sqrt(x.clamp_min(1e-12))",
        "exp": "torch.exp(x.clamp(max=20))",
        "softmax": "torch.softmax(x, dim=-1)  # a row may not be masked whole",
    }
    fix = (
        bounded(call)
        or (divided(call) if call.name in ("div", "truediv", "__truediv__") else "")
        or f"x = {safe.get(call.name.rstrip('_'), 'x / (total + 1e-8)')}"
    )
    layer = (
        f" in {trial.layer(call.layer)}"
        if call.layer is not None and id(call.layer) in trial.names and trial.names[id(call.layer)]
        else ""
    )
    return NotFinite(
        f"{call.name.strip('_')}{layer} makes values that are not finite out of finite ones{low}",
        "Finite numbers.",
        fix,
        where=trial.where(call),
    )


BOUNDS = {"log": ".clamp_min(1e-6)", "sqrt": ".clamp_min(1e-12)", "exp": ".clamp(max=20)"}


def bounded(call: Call) -> str:
    """The line of a logarithm, a root or an exponential with its argument kept within bounds, or nothing."""
    name, code = call.name.rstrip("_"), call.line.code if call.line is not None else ""
    if name not in BOUNDS:
        return ""

    def one(node: ast.Call) -> ast.expr | None:
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        if inner is None:
            return None
        kept = ast.parse(f"({ast.unparse(inner)}){BOUNDS[name]}", mode="eval").body
        if node.args:
            return ast.Call(node.func, [kept, *node.args[1:]], node.keywords)
        return ast.Call(ast.Attribute(kept, name), [], [])

    return rewritten(code, name, one)


def away_from_zero(call: Call) -> str:
    """The line of a root with a little added to what it is taken of."""
    code = call.line.code if call.line is not None else ""

    def one(node: ast.Call) -> ast.expr | None:
        owner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        if owner is None:
            return None
        kept = ast.parse(f"{ast.unparse(owner)} + 1e-8", mode="eval").body
        if node.args:
            return ast.Call(node.func, [kept], [])
        return ast.Call(ast.Attribute(kept, call.name), [], [])

    return rewritten(code, call.name, one) if call.name == "sqrt" else ""


def divided(call: Call) -> str:
    """The line of a division with a little added to what it divides by."""
    code = call.line.code if call.line is not None else ""
    try:
        tree = ast.parse(f"def f():\n    {code}")
    except SyntaxError:
        return ""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    if len(found) != 1:
        return ""
    found[0].right = ast.BinOp(found[0].right, ast.Add(), ast.Constant(1e-8))
    return ast.unparse(ast.fix_missing_locations(tree).body[0].body[0])  # type: ignore[attr-defined]


def grown(trial: Trial, call: Call, given: list[Tensor]) -> Finding | None:
    """Values that became too large on the way, and where they began to; call: the one that they are too large for."""
    if max(size_of(tensor) for tensor in given) < HUGE:
        return None
    calls = [c for c in trial.tape.calls if c.done and c is not call]
    sizes = [(c, max([0.0, *map(size_of, c.outs)]), max([0.0, *map(size_of, c.tensors)])) for c in calls]
    first = next((c for c, out, into in sizes if out > LARGE > into), call)
    return NotFinite(
        f"The values grow from operation to operation, to {max(size_of(t) for t in given):.1g} at {call.name.strip('_')}",
        "Values that keep their size.",
        "w = w / w.shape[0] ** 0.5  # first weights that keep the size of what goes through; or a normalisation",
        where=trial.where(first),
    )


def size_of(tensor: Tensor) -> float:
    return float(tensor.detach().abs().max()) if tensor.is_floating_point() and tensor.numel() else 0.0


MASKS = {
    "masked_fill",
    "masked_fill_",
    "full",
    "full_like",
    "where",
    "tensor",
    "fill_",
    "new_full",
    "triu",
    "tril",
    "generate_square_subsequent_mask",
}


def first_broken(calls: list[Call]) -> Call | None:
    """The call where values stop being finite; a mask of minus infinity is meant, what makes NaN out of it is not."""

    def broken(tensor: Tensor) -> bool:
        return tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())

    for call in calls:
        nan = any(bool(out.isnan().any()) for out in call.outs if out.is_floating_point())
        fresh = any(broken(out) for out in call.outs) and not any(broken(t) for t in call.tensors) and call.name not in MASKS
        if call.done and (nan or fresh):
            return call
    return None
