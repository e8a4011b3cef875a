"""The way back from the loss to the weights: what takes part, what is cut off, what is not registered, what is overwritten.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
from typing import Any

import torch
from torch import Tensor, nn

from ..problems import listed
from .check_backward import not_finite
from .check_finding import Finding
from .check_lines import Line, attribute_line, class_tree, function_line, line_at, method_line, tree_of
from .check_problems_training import (
    GraphCut,
    LayerUnused,
    LossFails,
    NoGradientHere,
    UnregisteredLayers,
)
from .check_trace import Call, Tape, tensors_in
from .check_trial import Trial
from .check_uncut import CUTS, uncut

COPIES = ("tensor", "as_tensor", "Tensor", "from_numpy")


def leaves_of(tensor: Tensor) -> list[Tensor]:
    """The tensors that gradients flow to from here."""
    waiting, seen, found = [tensor.grad_fn], set(), []
    if tensor.requires_grad and tensor.grad_fn is None:
        return [tensor]
    while waiting:
        node: Any = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting += [following for following, _ in node.next_functions]
    return found


def loss_is_usable(trial: Trial) -> bool:
    """Whether the loss is one finite number that depends on weights; adds the finding where it is not."""
    loss, line = trial.loss_value, None if trial.inside else trial.script.of(-1, "loss")
    theirs = None if trial.inside else function_line(getattr(trial.loss, "forward", trial.loss), returns=loss is not None)
    where = tuple(found for found in (theirs, line) if found is not None)
    if loss is None:
        name = next(
            (c.line.code.partition(" = ")[0] for c in reversed(trial.tape.calls) if c.line and " = " in c.line.code), "loss"
        )
        text = "The loss gives nothing: its return is missing"
        trial.add(LossFails(text, "A tensor of one number.", f"return {name}  # at the end of the loss", where=where))
        return False
    if not isinstance(loss, Tensor):
        if isinstance(loss, (int, float)) or hasattr(loss, "dtype"):
            text = f"The loss is a plain number ({type(loss).__name__}), which has no way back to the weights"
            trial.add(
                GraphCut(
                    text,
                    "A tensor of one number.",
                    "loss = criterion(scores, labels)  # without .item()",
                    where=cut_lines(trial) or where,
                )
            )
        else:
            trial.add(
                LossFails(
                    f"The loss is a {type(loss).__name__}",
                    "A tensor of one number.",
                    "return loss  # at the end of the loss",
                    where=where,
                )
            )
        return False
    if loss.numel() != 1:
        trial.add(
            LossFails(
                f"The loss is a tensor of shape {trial.shape(loss)}",
                "One number.",
                meaned(theirs),
                where=where,
            )
        )
        return False
    if not torch.isfinite(loss).all():
        trial.add(not_finite(trial, loss))
        return False
    return True


def meaned(line: Line | None) -> str:
    """The return of a loss with its mean."""
    code = line.code if line is not None else ""
    return (
        f"return ({code.removeprefix('return ')}).mean()"
        if code.startswith("return ")
        else 'loss = loss.mean()  # or reduction="mean"'
    )


def cut_lines(trial: Trial) -> tuple[Line, ...]:
    return trial.where(next(iter(cuts(trial.tape)), None))


def cuts(tape: Tape) -> list[Call]:
    """The calls that cut a gradient off, the last one first."""
    found = []
    for call in reversed(tape.calls):
        incoming = any(tensor.requires_grad for tensor in call.tensors)
        if (
            call.name in CUTS
            and call.grad
            and incoming
            and not any(out.requires_grad for out in call.outs)
            and call.line is not None
        ) or (call.name in ("tensor", "as_tensor") and call.args and any(t.requires_grad for t in tensors_in(call.args[0]))):
            found.append(call)
    return found


def follow(trial: Trial) -> bool:
    """Adds findings about the graph; whether a gradient reaches any parameter of the model."""
    loss = trial.loss_value
    assert loss is not None
    leaves = leaves_of(loss) if loss.requires_grad else []
    known = {id(parameter) for parameter in trial.model.parameters()}
    reached = {id(leaf) for leaf in leaves} & known
    asked = [call for call in trial.tape.calls if call.name in ("requires_grad_", "requires_grad")]  # for gradients of inputs
    batch = {id(tensor) for call in asked for tensor in (*call.outs, *call.tensors)}
    batch |= {id(tensor) for tensor in tensors_in(list(vars(trial.handed).values()))}
    strangers = [
        leaf for leaf in leaves if id(leaf) not in known and id(leaf) not in batch and id(leaf) not in in_optimizer(trial)
    ]
    copied = [leaf for leaf in strangers if (maker := trial.tape.maker(leaf)) is not None and maker.name in COPIES]
    if copied and not reached:  # torch.tensor(number, requires_grad=True): a new beginning, not a weight
        trial.add(all_cut(trial))
        return False
    if strangers and not any(isinstance(module, torch.jit.ScriptModule) for module in trial.core.modules()):  # they hide theirs
        trial.add(unregistered(trial, strangers))
    learning = {name: p for name, p in trial.parameters.items() if p.requires_grad}
    missing = {name: p for name, p in learning.items() if id(p) not in reached and p.numel()}
    if not reached:
        if not strangers:
            trial.add(all_cut(trial))
        return False
    if missing:
        partly_cut(trial, missing, len(learning))
    return True


def in_optimizer(trial: Trial) -> set[int]:
    if trial.optimizer is None:
        return set()
    return {id(p) for group in trial.optimizer.param_groups for p in group["params"]}


def all_cut(trial: Trial) -> Finding:
    found = [call for call in cuts(trial.tape) if not call.name.startswith("__")] or cuts(trial.tape)
    used = {id(t) for call in trial.tape.calls for t in call.tensors}
    silent = [call for call in trial.tape.calls if not call.grad and any(t.is_leaf and t.requires_grad for t in call.tensors)]
    if not found and silent:
        return GraphCut(
            "forward runs without gradients, under torch.no_grad() or inference_mode",
            "Gradients while training.",
            "with torch.enable_grad(): ...  # or leave out torch.no_grad()",
            where=(*no_grad_lines(trial, silent[-1]), *trial.where(silent[-1])),
        )
    if not found and isinstance(trial.scores, Tensor) and trial.is_input(trial.scores):
        line = method_line(type(trial.core), "forward")
        text = "forward returns its input: what its layers made of it is not used"
        return GraphCut(text, "The result of the layers.", "return self.fc(x)", where=(line,) if line else ())
    if not found and not any(id(p) in used for p in trial.parameters.values()):
        return GraphCut(
            "The loss does not depend on any parameter of the model",
            "Scores that come out of its layers.",
            "return self.fc(x)",
            where=trial.where(trial.tape.maker(trial.scores)) if isinstance(trial.scores, Tensor) else (),
        )
    if not found:
        return GraphCut(
            "The loss has no way back to the weights",
            "A loss that depends on the weights.",
            "loss = criterion(model(x), y)",
            where=trial.where(trial.tape.calls[-1] if trial.tape.calls else None),
        )
    call, others = found[0], [other.line for other in found[1:3]]
    return GraphCut(
        f"{call.name.strip('_')} cuts the loss off from the weights: no parameter gets a gradient",
        "A gradient for every parameter.",
        uncut(call),
        where=trial.where(call, *others),
    )


def no_grad_lines(trial: Trial, call: Call) -> tuple[Line, ...]:
    """Where gradients are switched off: the with around the line of a call, or the decorator of its function."""
    tree = tree_of(call.line.file) if call.line is not None else None
    for node in ast.walk(tree) if tree is not None else []:
        if call.line is None or not node_holds(node, call.line.number):
            continue
        off = []
        if isinstance(node, ast.With):
            off = [item.context_expr for item in node.items]
        elif isinstance(node, ast.FunctionDef):
            off = node.decorator_list
        found = [
            part for part in off if ast.unparse(part).rpartition(".")[2].startswith(("no_grad", "inference_mode", "set_grad"))
        ]
        if found:
            return (line_at(call.line.file, found[0].lineno),)
    return ()


def node_holds(node: ast.AST, number: int) -> bool:
    return isinstance(node, (ast.With, ast.FunctionDef)) and node.lineno <= number <= (node.end_lineno or 0)


def partly_cut(trial: Trial, missing: dict[str, Tensor], learning: int) -> None:
    """Parameters without a gradient: never used, run without gradients, or cut off."""
    used = {id(tensor): call for call in trial.tape.calls for tensor in call.tensors if tensor.is_leaf}
    unused = [name for name, p in missing.items() if id(p) not in used and not inside_hidden(trial, p)]
    silent = [name for name, p in missing.items() if name not in unused and id(p) in used and not used[id(p)].grad]
    cut = [name for name in missing if name not in unused and name not in silent]
    meant = trial.optimizer is not None and not any(id(missing[name]) in in_optimizer(trial) for name in missing)
    if unused and not meant and not trial.mine:
        say_unused(trial, unused)
    if silent and not meant:
        owner = silent[0].partition(".")[0]
        first = used[id(missing[silent[0]])]
        where = (*no_grad_lines(trial, first), *trial.where(first))
        text = f"{len(silent)} of {learning} parameters run without gradients and get none: {listed(silent, 4)}"
        trial.add(
            NoGradientHere(
                text,
                "A gradient for every parameter that is not frozen.",
                f"model.{owner}.requires_grad_(False)  # or leave out torch.no_grad()",
                where=where,
            )
        )
    idle = {name: end for name in cut if (end := unused_end(trial, missing[name])) is not None} if not meant else {}
    if idle:
        say_idle(trial, idle, learning)
        cut = [name for name in cut if name not in idle]
    if cut and not meant:
        call = next(iter(cuts(trial.tape)), None)
        name = call.name.strip("_") if call is not None else "An operation"
        text = f"{name} cuts the gradient off: {len(cut)} of {learning} parameters get none ({listed(cut, 4)})"
        fix = uncut(call) if call is not None else f"model.{cut[0].rpartition('.')[0]}.requires_grad_(False)  # where it is meant"
        trial.add(GraphCut(text, "A gradient for every parameter.", fix, where=trial.where(call)))


def unused_end(trial: Trial, parameter: Tensor) -> Call | None:
    """The last operation on what a parameter gave, where nothing uses its result and nothing cuts it off."""
    flowing, end, cutting = {id(parameter)}, None, {id(call) for call in cuts(trial.tape)}
    for call in trial.tape.calls:
        if any(id(tensor) in flowing for tensor in call.tensors):
            if id(call) in cutting:
                return None
            flowing |= {id(tensor) for tensor in call.outs}
            end = call if call.line is not None else end
    loss = trial.loss_value
    return None if loss is None or id(loss) in flowing else end


def say_idle(trial: Trial, ends: dict[str, Call], learning: int) -> None:
    """Layers that ran for nothing: their result is not used, or not by the loss."""
    names, end = list(ends), next(iter(ends.values()))
    given = {id(tensor) for tensor in tensors_in(trial.scores)}
    owner = names[0].rpartition(".")[0]
    title = f"The result of {trial.layer(trial.core.get_submodule(owner))}" if owner else f"What {names[0]} gave"
    returned = any(id(t) in given for t in end.outs)
    who = "the loss does not use it" if returned else "nothing uses it"
    text = f"{title} gets lost, {who}: {len(names)} of {learning} parameters get no gradient ({listed(names, 4)})"
    code = end.line.code if end.line is not None else ""
    name = code.partition("=")[0].strip()
    name = name if name.isidentifier() and not code.startswith("return") else "x"
    fix = f"x = torch.cat([x, {name}], dim=1)  # use it, or leave the layer out"
    if returned:
        fix = f"model.{owner or names[0]}.requires_grad_(False)  # or let the loss use what it gives"
    trial.add(LayerUnused(text, "Layers that take part.", fix, where=trial.where(end)))


def inside_hidden(trial: Trial, parameter: Tensor) -> bool:
    """Whether a parameter belongs to a layer that ran, in an operation that hides its tensors."""
    return any(any(p is parameter for p in module.parameters(recurse=False)) for module in trial.tape.ran)


def say_unused(trial: Trial, names: list[str]) -> None:
    owners = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    first: Any = trial.core.get_submodule(owners[0]) if owners[0] else None
    title = f"{trial.layer(first)} is" if len(owners) == 1 and first is not None else f"The parameters {listed(names, 4)} are"
    line = trial.made_parameter(names[0])
    owner = owners[0] or names[0]
    fix = f"x = self.{owner}(x)  # in forward, or leave it out"
    trial.add(LayerUnused(f"{title} never used in forward", "Layers that take part.", fix, where=(line,) if line else ()))


def unregistered(trial: Trial, leaves: list[Tensor]) -> Finding:
    """Weights that the model does not list: in a plain list or dictionary, made in forward, or from outside."""
    places = {id(leaf) for leaf in leaves}
    for name, module in trial.core.named_modules():
        for attribute, value in vars(module).items():
            if attribute.startswith("_") and attribute in ("_parameters", "_buffers", "_modules"):
                continue
            hidden = {id(t) for t in hidden_tensors(value)}
            if places & hidden:
                where = attribute_line(type(module), attribute)
                kind = (
                    "nn.ModuleDict"
                    if isinstance(value, dict)
                    else "nn.ModuleList"
                    if isinstance(value, (list, tuple))
                    else "nn.Parameter"
                )
                held = (
                    "the dictionary"
                    if isinstance(value, dict)
                    else f"the {type(value).__name__}"
                    if isinstance(value, (list, tuple))
                    else "the attribute"
                )
                if kind == "nn.ModuleList" and all(isinstance(item, Tensor) for item in value):
                    kind = "nn.ParameterList"
                return UnregisteredLayers(
                    f"{len(leaves)} weights are used that the model does not know of: they are in {held} self.{attribute}"
                    + (f" of {name}" if name else ""),
                    "Layers that are registered.",
                    f"self.{attribute} = {kind}({f'self.{attribute}' if kind != 'nn.Parameter' else 'torch.randn(...)'})",
                    where=where,
                )
    for owner in dict.fromkeys(type(module) for module in trial.core.modules()):
        for attribute, value in vars(owner).items():
            if isinstance(value, (nn.Module, Tensor)) and places & {id(t) for t in hidden_tensors(value)}:
                line = class_line(owner, attribute)
                code = line.code if line is not None else f"{attribute} = nn.Linear(4, 3)"
                what = f"{attribute} is a layer of the class {owner.__name__}, not of its objects"
                text = f"{what}: its {len(leaves)} weights are not known"
                expected, where = "A layer made in __init__.", (line,) if line is not None else ()
                return UnregisteredLayers(text, expected, f"self.{code}  # in __init__, after super().__init__()", where=where)
    call = next((c for c in trial.tape.calls if any(id(t) in places for t in c.tensors) and c.line is not None), None)
    made = any(
        module for module in trial.tape.ran if id(module) not in trial.names and any(id(p) in places for p in module.parameters())
    )
    if made:
        text = (
            f"A layer is made in forward, or kept outside the model: its {len(leaves)} weights are not among model.parameters()"
        )
    else:
        text = f"{len(leaves)} weights are used that are not among model.parameters()"
    return UnregisteredLayers(
        text,
        "Layers made in __init__ and kept as attributes.",
        "self.fc = nn.Linear(16, 3)  # in __init__, and self.fc(x) in forward",
        where=trial.where(call),
    )


def class_line(kind: type, attribute: str) -> Line | None:
    """Where the body of a class assigns an attribute."""
    found = class_tree(kind)
    for node in found[1].body if found is not None else []:
        if found is not None and isinstance(node, ast.Assign) and any(getattr(t, "id", "") == attribute for t in node.targets):
            return line_at(found[0], node.lineno)
    return None


def hidden_tensors(value: Any) -> list[Tensor]:
    """The weights in plain lists and dictionaries of layers or tensors."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return list(value.parameters())
    if isinstance(value, dict):
        return [t for item in value.values() for t in hidden_tensors(item)]
    if isinstance(value, (list, tuple)):
        return [t for item in value for t in hidden_tensors(item)]
    return []
