"""Random numbers that a model draws in evaluation mode.

Part of the pre-flight, see check.py. Numbers that are drawn to be scaled by what the model says (a variational autoencoder), that
are given back (a diffusion model) or that only training asks for are meant.
"""

from __future__ import annotations

import ast

from torch import Tensor

from .check_lines import attribute_line, class_tree, function_at
from .check_problems_wiring import ChanceInEvaluation
from .check_rows import run, same
from .check_trace import Call, Tape, tensors_in
from .check_trial import Trial
from .check_written import rewritten

DRAWS = {
    *("randn", "rand", "randn_like", "rand_like", "normal", "normal_", "randint", "randint_like", "bernoulli", "bernoulli_"),
    *("uniform_", "multinomial", "poisson", "exponential_", "randperm", "from_numpy", "tensor", "as_tensor"),
}


def chance_in_evaluation(trial: Trial) -> None:
    """Adds the finding for the first operation that draws other numbers in a second run in evaluation mode."""
    if trial.mine:
        return
    trial.model.eval()
    if not any(call.name in DRAWS for call in trial.tape.calls):
        kept_from_run_to_run(trial)
        return
    before, after = run(trial, trial.batch), run(trial, trial.batch, 1)
    if before is None or after is None or len(before.calls) != len(after.calls):
        return
    first = before.result
    if not isinstance(first, Tensor):
        return
    if all(same(a, b) for a, b in zip(tensors_in(first), tensors_in(after.result), strict=False) if a.shape == b.shape):
        return
    for a, b in zip(before.calls, after.calls, strict=True):
        if a.name in DRAWS and a.kept and any(not same(x, y) for x, y in zip(a.kept, b.kept, strict=False) if x.shape == y.shape):
            if not is_meant(before, a):
                say(trial, a)
            return


def kept_from_run_to_run(trial: Trial) -> None:
    """Adds the finding for an attribute that forward goes on changing in evaluation mode."""
    places = {(module, name) for module in trial.core.modules() for name in kept_names(type(module))}
    if not places:
        return
    before, after = run(trial, trial.batch), run(trial, trial.batch)
    if before is None or after is None or not isinstance(before.result, Tensor) or not isinstance(after.result, Tensor):
        return
    if before.result.shape != after.result.shape or same(before.result, after.result):
        return
    module, name = min(places, key=lambda place: place[1])
    line = attribute_line(type(module), name, last=True)
    code = line[0].code if line else f"self.{name} = ..."
    text = f"forward changes self.{name} in evaluation mode, too: the scores of a batch differ from run to run"
    fix = f"if self.training: {code}"
    trial.add(ChanceInEvaluation(text, "The same scores for the same rows.", fix, where=line))


def kept_names(kind: type) -> list[str]:
    """The attributes that forward assigns and reads."""
    found = class_tree(kind)
    functions = [
        node for node in (found[1].body if found else []) if isinstance(node, ast.FunctionDef) and node.name == "forward"
    ]
    parts = [part for node in functions for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    stored = {part.attr for part in parts if isinstance(part.ctx, ast.Store) and getattr(part.value, "id", "") == "self"}
    return [part.attr for part in parts if part.attr in stored and isinstance(part.ctx, ast.Load)]


def is_meant(tape: Tape, call: Call) -> bool:
    """Whether what is drawn is multiplied by what the model says, or is what the model starts from."""
    drawn = {id(tensor) for tensor in call.outs}
    if call.name.startswith("bernoulli"):
        return any(tensor.requires_grad for tensor in call.tensors)
    for other in tape.calls:
        tensors = other.tensors
        if other is call or not any(id(tensor) in drawn for tensor in tensors):
            continue
        if other.name.strip("_") in ("gt", "lt", "ge", "le", "greater", "less", "bernoulli"):
            return False  # a mask of one's own, as of dropout
        if other.name.strip("_") in ("mul", "rmul", "imul", "matmul", "addcmul") and any(
            tensor.requires_grad and id(tensor) not in drawn for tensor in tensors
        ):
            return True
        if other.name in ("linear", "conv1d", "conv2d", "embedding", "cat", "concat", "stack", "lstm", "gru"):
            return True
        if len(tensors) == 1 or not any(tensor.requires_grad or tensor.dim() for tensor in tensors if id(tensor) not in drawn):
            drawn |= {id(tensor) for tensor in other.outs}
    line = call.line.text if call.line is not None else ""
    return call.line is None or "gumbel" in line


def say(trial: Trial, call: Call) -> None:
    code = call.line.code if call.line is not None else ""
    text = f"In evaluation mode {call.name.rstrip('_')} draws random numbers, and the scores change from run to run"
    expected = "The same scores for the same rows: noise in training mode only."
    trial.add(ChanceInEvaluation(text, expected, in_training(code, call), where=trial.where(call)))


def in_training(code: str, call: Call) -> str:
    """The line with its noise in training mode only.

    >>> in_training("x = x + 0.1 * torch.randn_like(x)", Call("randn_like", (), {}, None, None, True))
    'x = x + 0.1 * torch.randn_like(x) if self.training else x'
    """

    def none(node: ast.Call) -> ast.expr:
        return ast.parse(f"({ast.unparse(node)} if self.training else 0.0)", mode="eval").body

    name, equals, value = code.partition(" = ")
    nodes = list(ast.walk(ast.parse(value))) if equals and name.isidentifier() else []
    if any(isinstance(node, ast.Name) and node.id == name for node in nodes):
        return f"{name} = {value} if self.training else {name}"
    if any(isinstance(node, ast.Compare) for node in nodes):  # a mask: nothing is hidden
        return f"{code} if self.training else 1.0"
    name, added, value = code.partition(" += ")
    if added:
        return f"{name} += {value} if self.training else 0"
    argument = function_at(call.line)[1]
    return rewritten(code, call.name, none) or f"{argument} = {argument} + noise if self.training else {argument}"
