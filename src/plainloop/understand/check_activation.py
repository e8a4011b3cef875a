"""The last activation of a model against what its loss does itself, read from the graph's last operations and from the values.

Part of the pre-flight, see check.py.

Axes: n rows, C outputs.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .check_finding import Finding
from .check_problems_training import LossAgainstActivation, OutputsCannotReach, ScoresCutOff
from .check_trace import Call
from .check_trial import Trial
from .check_written import left_out, rewritten

# the first letters of a graph node's name -> the activation that it stands for
NODES = {
    "SoftmaxBackward": "softmax",
    "LogSoftmaxBackward": "log_softmax",
    "SigmoidBackward": "sigmoid",
    "HardsigmoidBackward": "hardsigmoid",
    "LogSigmoidBackward": "logsigmoid",
    "TanhBackward": "tanh",
    "ReluBackward": "relu",
    "HardtanhBackward": "relu6",
    "SoftplusBackward": "softplus",
    "ExpBackward": "exp",
    "LogBackward": "log",
}
SAME_VALUES = (  # nodes that only move values
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Select", "Slice", "Transpose", "T", "Permute", "Clone"),
    *(
        "ToCopy",
        "Expand",
        "Alias",
        "Contiguous",
        "Flatten",
        "MovedimInt",
        "AsStrided",
        "Unbind",
        "Split",
        "SplitWithSizes",
        "Chunk",
    ),
)
RANGES = {  # activation -> what it can give
    "softmax": (0.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exp": (0.0, math.inf),
    "log_softmax": (-math.inf, 0.0),
    "logsigmoid": (-math.inf, 0.0),
}
MODULES = {"torch", "F", "nn", "functional"}  # names that functions are called from


@dataclass
class Ending:
    """The activation that scores come out of: its name, empty for none, and the call."""

    name: str
    call: Call | None


def ending(trial: Trial, scores: Tensor) -> Ending:
    """The last operation that gave the scores their values, moves and copies left aside."""
    node: Any = scores.grad_fn
    while node is not None and any(node.name().startswith(f"{name}Backward") for name in SAME_VALUES):
        node = node.next_functions[0][0] if node.next_functions else None
    text = node.name() if node is not None else ""
    name = next((kind for begin, kind in NODES.items() if text.startswith(begin)), "")
    names = {name, f"{name}_", {"logsigmoid": "log_sigmoid"}.get(name, name), {"relu6": "hardtanh"}.get(name, name)}
    calls = trial.tape.history(scores)[:12] if name else []
    return Ending(name, next((call for call in calls if call.name in names), None))


def axis_of(call: Call) -> int | None:
    """The axis that a call names as its dim."""
    value = call.kwargs.get("dim", call.args[1] if len(call.args) > 1 else None)
    return value if isinstance(value, int) else None


def without(text: str, name: str) -> str:
    """A line of code without the call of an activation; empty where it cannot be taken out.

    >>> without("return torch.softmax(self.fc(x), dim=1)", "softmax"), without("x = self.fc(x).sigmoid()", "sigmoid")
    ('return self.fc(x)', 'x = self.fc(x)')
    """
    try:
        tree = ast.parse(f"def f():\n    {text}")
    except SyntaxError:
        return ""

    class Out(ast.NodeTransformer):
        found = False

        def visit_Call(self, node: ast.Call) -> ast.AST:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called.rstrip("_") == name and not self.found:
                self.found = True
                owner = node.func.value if isinstance(node.func, ast.Attribute) else None
                place = getattr(owner, "id", "")
                if owner is not None and place not in MODULES and not (node.args and place == "self"):
                    return owner  # x.sigmoid() -> x
                return node.args[0] if node.args else node  # torch.sigmoid(x), self.sigmoid(x) -> x
            self.generic_visit(node)
            return node

    out = Out()
    changed = out.visit(tree)
    return ast.unparse(changed.body[0].body[0]) if out.found else ""


def taken_out(trial: Trial, end: Ending) -> tuple[str, tuple[Any, ...]]:
    """The fix that leaves an activation out, and the lines it is about."""
    layer = end.call.layer if end.call is not None else None
    own = layer is not None and type(layer).__module__.startswith("torch.nn") and not list(layer.children())
    made = trial.made(layer) if own else None
    where = trial.where(end.call, made)
    line = end.call.line if end.call is not None else None
    if own and made is not None and (whole := left_out(made.code, type(layer).__name__)):
        return whole, where
    if own:
        return (
            f"nn.Identity()  # in place of {type(layer).__name__}()"
            if made or line is None
            else f"nn.Identity()  # in place of {type(layer).__name__}",
            where,
        )
    text = without(line.code, end.name) if line is not None else ""
    target, _, value = text.partition(" = ")
    if target and target == value:  # nothing is left of the line
        text = f"pass  # in place of {line.code if line is not None else end.name}"
    return text or f"scores = self.last(x)  # without {end.name}", where


def activation_fault(trial: Trial, loss: str, scores: Tensor, target: Tensor) -> Finding | None:
    """The finding for scores whose last activation does not go with the loss."""
    end = ending(trial, scores)
    if (
        end.name in ("softmax", "log_softmax")
        and scores.dim() > 1
        and scores.shape[-1] == 1
        and bool((scores == scores.flatten()[0]).all())
    ):
        _, where = taken_out(trial, end)
        text = f"{end.name} over a single score per row gives {float(scores.detach().flatten()[0]):g} always"
        return LossAgainstActivation(
            text,
            "A sigmoid for one score.",
            otherwise(end, "sigmoid") or "torch.sigmoid(x)  # or raw scores and nn.BCEWithLogitsLoss()",
            "A constant has no gradient: nothing is learned.",
            where,
        )
    rule = RULES.get(loss)
    return rule(trial, scores, target, end) if rule is not None else None


def otherwise(end: Ending, name: str) -> str:
    """The line of the last activation with another in its place: softmax(x, dim=1) as sigmoid(x) or log_softmax(x, dim=1)."""
    code = end.call.line.code if end.call is not None and end.call.line is not None else ""

    def one(call: ast.Call) -> ast.expr | None:
        if name == "sigmoid":  # it has no axis
            given = call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else call.func
            return ast.Call(ast.parse("torch.sigmoid", mode="eval").body, [given], [])
        func = ast.Attribute(call.func.value, name) if isinstance(call.func, ast.Attribute) else ast.Name(name)
        return ast.Call(func, call.args, call.keywords)

    return rewritten(code, end.name, one)


def twice(trial: Trial, end: Ending, loss: str, does: str) -> Finding:
    fix, where = taken_out(trial, end)
    return LossAgainstActivation(
        f"The model ends in {end.name} and {loss} applies {does} itself", f"Raw scores, without {end.name}.", fix, where=where
    )


def cross_entropy_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    if end.name in ("softmax", "sigmoid", "hardsigmoid", "logsigmoid", "exp"):
        return twice(trial, end, "cross_entropy", "log-softmax")
    if end.name in ("relu", "tanh", "relu6"):
        fix, where = taken_out(trial, end)
        return ScoresCutOff(
            f"The model ends in {end.name}, before cross_entropy", "Raw scores, of any size and sign.", fix, where=where
        )
    if end.name == "log_softmax" and (end.call is None or axis_of(end.call) in (1, -1)) and scores.dim() == 2:
        fix, where = taken_out(trial, end)
        return ScoresCutOff(
            "The model ends in log_softmax, and cross_entropy applies it once more",
            "Raw scores, or nn.NLLLoss() in place of nn.CrossEntropyLoss().",
            fix,
            "A second time changes nothing but the time it takes; one of the two was meant for another loss.",
            where,
        )
    if end.name != "log_softmax" and are_probabilities(scores):
        call = trial.tape.maker(scores)
        return LossAgainstActivation(
            "The scores are probabilities already, positive and adding up to 1, and cross_entropy applies log-softmax itself",
            "Raw scores.",
            "return logits  # the scores before they are turned into probabilities",
            where=trial.where(call),
        )
    return None


def logits_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    if end.name in ("sigmoid", "softmax", "hardsigmoid", "log_softmax", "logsigmoid"):
        return twice(trial, end, "binary_cross_entropy_with_logits", "sigmoid")
    if end.name in ("relu", "relu6", "softplus", "exp"):
        fix, where = taken_out(trial, end)
        text = f"The model ends in {end.name}: its scores are never negative, so no probability falls below 0.5"
        return LossAgainstActivation(
            text, "Raw scores, of any sign.", fix, "The loss turns scores into probabilities by a sigmoid.", where
        )
    if end.name == "tanh":
        fix, where = taken_out(trial, end)
        return ScoresCutOff(
            "The model ends in tanh, before binary_cross_entropy_with_logits", "Raw scores, of any size.", fix, where=where
        )
    return None


def nll_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    axis = 1 if scores.dim() > 1 else 0
    if end.name == "log_softmax" and end.call is not None and axis_of(end.call) == 0 and scores.dim() > 1:
        return None  # along the rows: that rows mix is said by itself
    if not torch.isfinite(scores).all() or bool((scores.detach().double().logsumexp(axis).abs() < 1e-2).all()):
        return None
    where = taken_out(trial, end)[1] if end.name else trial.where(trial.tape.maker(scores))
    what = "probabilities without a log" if are_probabilities(scores) or end.name == "softmax" else "raw scores"
    better = (
        "loss = nn.CrossEntropyLoss()  # takes raw scores" if what == "raw scores" else "scores = torch.log_softmax(x, dim=1)"
    )
    loss_line = trial.script.of(-1, "loss") if not trial.inside else None
    return LossAgainstActivation(
        f"nll_loss gets {what}",
        "The logarithms of probabilities, from log_softmax.",
        better,
        "nll_loss takes no logarithm itself: without it the loss is not a likelihood, and can fall below 0.",
        (*where, *([loss_line] if loss_line else [])),
    )


def probability_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    low, high = float(scores.detach().min()), float(scores.detach().max())
    if end.name == "softmax" and scores.dim() == target.dim() == 2 and bool(((target.sum(1) - 1).abs() > 0.5).any()):
        fix = otherwise(end, "sigmoid")
        own = taken_out(trial, end)
        layer = next((line.code for line in own[1] if "nn.Softmax(" in line.code), "")
        fix = re.sub(r"nn\.Softmax\([^()]*\)", "nn.Sigmoid()", layer) or fix or own[0]
        text = f"The model ends in softmax, and rows have {int(target.sum(1).min())} to {int(target.sum(1).max())} labels"
        why = "A softmax shares one certainty among the labels of a row: several cannot be certain at once."
        return LossAgainstActivation(text, "A sigmoid: a probability for each label by itself.", fix, why, own[1])
    if end.name in ("sigmoid", "hardsigmoid", "softmax") or (
        end.name in ("", "relu6") and low >= 0 and high <= 1 and scores.numel() > 20
    ):
        return None
    where = trial.where(trial.tape.maker(scores))
    loss_line = trial.script.of(-1, "loss") if not trial.inside else None
    return LossAgainstActivation(
        f"binary_cross_entropy gets raw scores, from {low:.2g} to {high:.2g}" + (f", out of {end.name}" if end.name else ""),
        "Probabilities from 0 to 1, or the loss that takes raw scores.",
        "loss = nn.BCEWithLogitsLoss()",
        "BCELoss takes the logarithm of what it gets; it applies no sigmoid.",
        (*where, *([loss_line] if loss_line else [])),
    )


def divergence_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    if end.name in ("log_softmax", "logsigmoid", "log") or bool((scores <= 1e-6).all()):
        return None
    where = (taken_out(trial, end)[1] if end.name else ()) or trial.where(trial.tape.maker(scores))
    return LossAgainstActivation(
        "kl_div gets scores that are not logarithms of probabilities",
        "log_softmax of the scores.",
        (otherwise(end, "log_softmax") if end.name == "softmax" else "") or "scores = torch.log_softmax(x, dim=1)",
        "kl_div takes the first argument as logarithms.",
        where,
    )


def range_rule(trial: Trial, scores: Tensor, target: Tensor, end: Ending) -> Finding | None:
    if end.name not in RANGES or not target.numel():
        return None
    low, high = RANGES[end.name]
    whole = trial.data.labels if trial.data.labels is not None and not trial.inside and not trial.batch.rebuilt else target
    least, most = float(whole.min()), float(whole.max())
    slack = 1e-3 * max(1.0, abs(most), abs(least))
    if least >= low - slack and most <= high + slack:
        return None
    fix, where = taken_out(trial, end)
    reach = (
        f"from {low:g} to {high:g}"
        if math.isfinite(low) and math.isfinite(high)
        else (f"{low:g} and above" if math.isfinite(low) else f"{high:g} and below")
    )
    return OutputsCannotReach(
        f"The model ends in {end.name}, which gives {reach}, and the targets go from {least:.4g} to {most:.4g}",
        "Outputs that can be as large as the targets: no activation at the end, or targets brought into its range.",
        fix,
        where=where,
    )


def are_probabilities(scores: Tensor) -> bool:
    """Whether each row is positive and adds up to 1 over the classes."""
    if scores.dim() < 2 or scores.shape[1] < 2 or not scores.is_floating_point():
        return False
    values = scores.detach().double()
    return bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < 1e-3).all())


RULES = {
    "cross_entropy": cross_entropy_rule,
    "binary_cross_entropy_with_logits": logits_rule,
    "multilabel_soft_margin_loss": logits_rule,
    "nll_loss": nll_rule,
    "binary_cross_entropy": probability_rule,
    "kl_div": divergence_rule,
    "mse_loss": range_rule,
    "l1_loss": range_rule,
    "smooth_l1_loss": range_rule,
    "huber_loss": range_rule,
}
