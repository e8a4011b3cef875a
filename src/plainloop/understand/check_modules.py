"""Layers and methods that do not do what their names say: unused dropout, layers with nothing between, a hidden method.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
from typing import Any

from torch import Tensor, nn

from .check_finding import Finding
from .check_lines import Line, attribute_line, class_tree, line_of_node, method_line
from .check_problems_model import ForwardFails, LeftInEval
from .check_problems_training import LayerUnused
from .check_problems_wiring import NothingBetween
from .check_trial import Trial
from .check_written import rewritten

LIKE_NOTHING = ("dropout", "contiguous", "clone", "to", "squeeze", "unsqueeze")


def hidden_method(model: nn.Module) -> Finding | None:
    """A method of torch's that an attribute of the same name hides: self.train = True."""
    for name in ("train", "eval", "parameters", "named_parameters", "to", "modules", "named_modules", "state_dict", "zero_grad"):
        for module in model.modules():
            if name in vars(module) and not callable(vars(module)[name]):
                where = attribute_line(type(module), name)
                other = {"train": "training_rows", "eval": "evaluation_rows", "to": "goal"}.get(name, f"{name}_")
                fix = f"self.{other} = {where[0].code.partition('=')[2].strip()}" if where else f"self.{other} = {name}"
                text = f"self.{name} hides the method {name} of nn.Module: model.{name}() cannot be called any more"
                return ForwardFails(text, "An attribute of another name.", fix, where=where)
    return None


def modes_kept(trial: Trial) -> None:
    """Whether forward itself switches to evaluation mode; asked right after the first forward."""
    changed = [module for module, mode in trial.modes if mode and not module.training] if trial.modes[0][1] else []
    if not changed or trial.mine:
        return
    found = class_tree(type(trial.core))
    lines = [
        line_of_node(found[0], node)
        for node in (ast.walk(found[1]) if found is not None else [])
        if found is not None and isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".eval", ".train"))
    ]
    line = lines[0] if lines else method_line(type(trial.core), "forward")
    text = "forward switches the model to evaluation mode, and nothing switches it back within the epoch"
    fix = f"pass  # in place of {line.code}; the loop calls model.train() and model.eval()" if lines and line else "model.train()"
    trial.add(LeftInEval(text, "A forward that leaves the mode as it is.", fix, where=(line,) if line is not None else ()))


def idle_layers(trial: Trial) -> None:
    """Dropout that forward never uses."""
    ran = {id(module) for module in trial.tape.ran}
    if trial.mine or trial.findings_of(LayerUnused):
        return
    for module in trial.core.modules():
        theirs = id(module) in ran and class_tree(type(module)) is not None
        for name, layer in module.named_children() if theirs else ():
            idle = isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p and id(layer) not in ran
            if idle and not mentioned(type(module), name):
                line = trial.made(layer)
                text = f"{trial.layer(layer)} is never used in forward"
                fix = f"x = self.{name}(x)  # in forward, or leave it out"
                trial.add(LayerUnused(text, "Layers that take part.", fix, where=(line,) if line is not None else ()))
                return


def mentioned(kind: type, name: str) -> bool:
    """Whether a method other than __init__ speaks of self.NAME; self.drop.p may be all that is wanted of it."""
    found = class_tree(kind)
    methods = [node for node in (found[1].body if found else []) if isinstance(node, ast.FunctionDef) and node.name != "__init__"]
    return any(isinstance(part, ast.Attribute) and part.attr == name for node in methods for part in ast.walk(node))


def nothing_between(trial: Trial) -> None:
    """A linear layer whose result goes straight into another one and nowhere else, without being narrowed on the way."""
    readers: dict[int, list[Any]] = {}
    for call in trial.tape.calls:
        for tensor in call.tensors:
            readers.setdefault(id(tensor), []).append(call)
    for call in trial.tape.calls:
        first = call.layer
        if call.name not in DENSE or not isinstance(first, DENSE[call.name]) or not call.outs or trial.mine:
            continue
        after = only_reader(readers, call.outs[0])
        while after is not None and after.name in LIKE_NOTHING and after.outs and after.outs[0] is not call.outs[0]:
            after = only_reader(readers, after.outs[0])
        second: Any = after.layer if after is not None and after.name == call.name else None
        if not isinstance(second, DENSE[call.name]) or second is first or after is None or after.args[0].requires_grad is False:
            continue
        if narrowed(first, second):
            continue
        where = trial.where(
            after, None if call.line == after.line else call.line, trial.made(second) if after.line is None else None
        )
        text = f"{trial.layer(first)} goes straight into {trial.layer(second)}: there is no activation between them"
        trial.add(NothingBetween(text, "An activation, such as ReLU.", with_relu(trial, after, second, where), where=where))
        return


DENSE: dict[str, Any] = {"linear": nn.Linear, "conv1d": nn.Conv1d, "conv2d": nn.Conv2d}


def narrowed(first: Any, second: Any) -> bool:
    """Whether two layers in a row are meant: a matrix of low rank, a convolution taken apart by channels or by axes."""
    if isinstance(first, nn.Linear):
        return first.out_features < min(first.in_features, second.out_features) or first.out_features == 1
    apart = first.groups > 1 or second.groups > 1 or 1 in (*first.kernel_size, *second.kernel_size)
    return apart or first.stride != (1,) * len(first.stride) or first.out_channels < first.in_channels


def only_reader(readers: dict[int, list[Any]], tensor: Tensor) -> Any:
    found = readers.get(id(tensor), [])
    return found[0] if len(found) == 1 else None


def with_relu(trial: Trial, call: Any, second: nn.Module, where: tuple[Line, ...]) -> str:
    """The line of the second layer with an activation before it."""
    name = trial.names.get(id(second), "").rpartition(".")[2]
    code = call.line.code if call.line is not None else ""

    def one(node: ast.Call) -> ast.expr | None:
        if not node.args:
            return None
        inner = ast.parse(f"torch.relu({ast.unparse(node.args[0])})", mode="eval").body
        return ast.Call(node.func, [inner, *node.args[1:]], node.keywords)

    if name and not name.isdigit() and (changed := rewritten(code, name, one)):
        return changed
    return (
        f"nn.ReLU()  # between {trial.layer(second)} and the layer before it"
        if name.isdigit()
        else f"x = self.{name}(torch.relu(x))"
    )
