"""Scores against labels: types, shapes, ranges and activations, looked at in the very call of the loss.

Part of the pre-flight, see check.py. `watch` is told of every call while the loss is computed, so that a loss of the user's own
that calls torch's is looked at like torch's own.

Axes: n rows, C outputs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .check_activation import activation_fault, are_probabilities
from .check_finding import Finding
from .check_forward import device_fault
from .check_labels import (
    class_range,
    class_shape,
    class_type,
    count_range,
    label_lines,
    label_range,
    label_shape,
    label_type,
    lines,
    number_shape,
    number_type,
    sign_range,
)
from .check_lines import Line, line_of_error
from .check_other_losses import left_out, other_fault
from .check_problems_model import SilentBroadcast
from .check_problems_training import LossFails
from .check_shapes import BINARY
from .check_trace import Call
from .check_trial import Halt, Trial
from .check_written import as_object

BY_CLASS = {"cross_entropy", "nll_loss", "multi_margin_loss"}
BY_LABEL = {"binary_cross_entropy_with_logits", "binary_cross_entropy", "multilabel_soft_margin_loss"}
BY_NUMBER = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
Meant = tuple[Callable[..., Any] | None, str]  # a loss and its name
KNOWN = BY_CLASS | BY_LABEL | BY_NUMBER | {"kl_div", "poisson_nll_loss", "soft_margin_loss", "hinge_embedding_loss"}
WITH_ACTIVATION = {"cross_entropy", "nll_loss", "kl_div"} | BY_LABEL | BY_NUMBER


def watch(trial: Trial) -> Callable[[Call], None]:
    """What is told of each call of the loss before it is made."""

    def before(call: Call) -> None:
        if (odd := other_fault(trial, call)) is not None:
            trial.add(odd)
        elif call.name in BY_CLASS:
            left_out(trial, call)
        if trial.failed:
            raise Halt
        if call.name in KNOWN:
            scores = call.args[0] if call.args else call.kwargs.get("input")
            target = call.args[1] if len(call.args) > 1 else call.kwargs.get("target")
            if isinstance(scores, Tensor) and isinstance(target, Tensor):
                trial.losses.append((call, scores, target))
                found = loss_fault(trial, call, scores, target)
                if found is not None:
                    trial.add(found)
                if trial.failed:
                    raise Halt
        elif BINARY.match(call.name) and not trial.failed:
            found = broadcast_fault(trial, call)
            if found is not None:
                trial.add(found)

    return before


def loss_fault(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    """The first thing that is wrong with scores and labels for this loss."""
    if scores.device != target.device and not (target.dim() == 0 and target.device.type == "cpu"):
        return None  # device_fault says it, once the call has failed
    place = trial.where(call) or label_lines(trial)
    if target.requires_grad and not scores.requires_grad:
        return LossFails(
            f"{call.name} gets the labels first and the scores second",
            "Scores first, labels second.",
            "loss(scores, labels)",
            where=place,
        )
    rules: list[Callable[[Trial, Call, Tensor, Tensor], Finding | None]] = []
    if call.name in BY_CLASS:
        rules = [class_type, class_shape, class_range]
    elif call.name in BY_LABEL:
        rules = [label_shape, label_type, label_range]
    elif call.name in BY_NUMBER or call.name == "kl_div":
        rules = [number_shape, number_type]
    elif call.name in ("soft_margin_loss", "hinge_embedding_loss"):
        rules = [sign_range]
    elif call.name == "poisson_nll_loss":
        rules = [number_shape, count_range]
    for rule in rules:
        found = rule(trial, call, scores, target)
        if found is not None:
            return found
    return activation_fault(trial, call.name, scores, target) if call.name in WITH_ACTIVATION else None


def broadcast_fault(trial: Trial, call: Call) -> Finding | None:
    """An operation that stretches (rows, 1) and (rows,) to (rows, rows), one of them from the model and one from the data."""
    tensors = [t for t in (*call.args, *call.kwargs.values()) if isinstance(t, Tensor)][:2]
    if len(tensors) < 2 or call.name.strip("_") in ("eq", "ne", "lt", "gt", "le", "ge"):
        return None
    a, b = tensors
    if a.dim() == b.dim() or not stretched(a, b, trial.rows):
        return None
    text = call.line.code if call.line is not None else ""
    if any(word in text for word in ("None", "unsqueeze", "view(-1, 1)", "reshape(-1, 1)")) or a.requires_grad == b.requires_grad:
        return None
    label = b if a.requires_grad else a
    y, scores = trial.data_name(1), a if a.requires_grad else b
    fix = f"{y} = {y}.unsqueeze(1)" if label.dim() < scores.dim() else "scores = scores.unsqueeze(1)"
    return SilentBroadcast(
        f"{call.name.strip('_')} gets shapes {trial.shape(a)} and {trial.shape(b)}",
        "One shape for both.",
        fix,
        where=lines(trial, call),
    )


def stretched(a: Tensor, b: Tensor, rows: int) -> bool:
    """Whether two tensors, each with one axis of rows, become one with two such axes."""
    try:
        shape = torch.broadcast_shapes(a.shape, b.shape)
    except RuntimeError:
        return False
    return shape.count(rows) > max(tuple(a.shape).count(rows), tuple(b.shape).count(rows))


def explain_loss(trial: Trial, error: Exception) -> Finding:
    """The finding for an error that the loss raised, where its arguments did not tell."""
    call, line = trial.tape.failed, line_of_error(error)
    text, where = " ".join(str(error).split()), tuple(found for found in (line,) if found)
    if call is not None and (found := device_fault(trial, call, error)) is not None:
        return found
    if "weight tensor should be defined" in text or ("weight" in text and "shape" in text):
        classes = trial.scores.shape[-1] if isinstance(trial.scores, Tensor) else "C"
        return LossFails(
            f"The weights of the loss do not fit its {classes} classes: {text[:110]}",
            f"{classes} weights, one per class.",
            f"loss = nn.CrossEntropyLoss(weight=torch.ones({classes}))",
            where=where or loss_line(trial),
        )
    whole = [name for name, values in buffers(trial.loss) if not values.is_floating_point()]
    if whole and "scalar type" in text:
        got = f"The {whole[0]} of the loss is of whole numbers"
        fix = f"loss = nn.{type(trial.loss).__name__}({whole[0]}=torch.tensor([1.0, 2.0]))  # floats"
        return LossFails(got, "Floats of float32.", fix, where=where or loss_line(trial))
    double = [name for name, values in buffers(trial.loss) if values.dtype == torch.float64]
    if double and "scalar type" in text:
        got, line_made = f"The {double[0]} of the loss is of float64, and the scores of float32", loss_line(trial)
        value = next((word.value for word in call_words(trial) if word.arg == double[0]), None)
        made = trial.script.made(value)[1]
        fix = (
            f"loss = nn.{type(trial.loss).__name__}({double[0]}={ast.unparse(value) if value is not None else double[0]}.float())"
        )
        return LossFails(got, "Floats of float32.", fix, where=tuple(found for found in (made, *line_made) if found is not None))
    if "ambiguous" in text:
        kind = re.search(r"(\w+Loss)\(", line.code) if line is not None else None
        return LossFails(
            f"{kind[1] if kind else 'The loss'} is a class that was given scores and labels",
            "An object of it.",
            (as_object(line.code, kind[1]) if line is not None and kind else "") or "loss = nn.CrossEntropyLoss()",
            where=where or loss_line(trial),
        )
    if ("not list" in text or "not tuple" in text) and plain_numbers(trial.handed.labels):
        labels, place = trial.handed.labels, trial.data_line(1) or where
        got = f"The labels of a batch come as a {type(labels).__name__} of {len(labels)} numbers"
        wanted = "float32" if isinstance(labels[0], float) else "int64"
        fix = f"ys = torch.tensor(ys, dtype=torch.{wanted})  # in collate_fn, before they are returned"
        return LossFails(got, "One tensor of all labels.", fix, where=place)
    if "not list" in text and isinstance(labels := trial.handed.labels, (list, tuple)) and len(labels) == 1:
        y, place = trial.data_name(1), trial.data_line(1) or where or loss_line(trial)
        return LossFails("The labels come as a list of one tensor", "The tensor itself.", f"{y} = {y}[0]", where=place)
    if isinstance(error, TypeError) and "argument" in text:
        return LossFails(
            f"The loss is not called as it wants: {text[:140]}",
            "A function of scores and labels.",
            "loss = lambda scores, labels: F.cross_entropy(scores, labels)",
            where=where or loss_line(trial),
        )
    return LossFails(
        f"The loss fails: {type(error).__name__}: {text[:140]}",
        "A loss that takes the scores and the labels.",
        (line.code if line else "loss(scores, labels)") + "  # reproduces it",
        where=where or loss_line(trial),
    )


def plain_numbers(labels: Any) -> bool:
    return isinstance(labels, (list, tuple)) and len(labels) > 0 and all(isinstance(label, (int, float)) for label in labels)


def call_words(trial: Trial) -> list[ast.keyword]:
    """The named arguments that the loss was made with."""
    node = trial.script.made(trial.script.argument(-1, "loss"))[0]
    return node.keywords if isinstance(node, ast.Call) else []


def buffers(loss: Any) -> list[tuple[str, Tensor]]:
    return list(loss.named_buffers()) if isinstance(loss, nn.Module) else []


def loss_line(trial: Trial) -> tuple[Line, ...]:
    line = None if trial.inside else trial.script.of(-1, "loss")
    return (line,) if line else ()


# the loss that is meant where none was given


def usual_loss(task: str | None, scores: Any, labels: Any) -> Meant:
    """torch's usual loss for a task, or for the types and shapes at hand, and its name."""
    if not isinstance(scores, Tensor) or not isinstance(labels, Tensor):
        return None, ""
    wide = scores.dim() > 1 and scores.shape[1] > 1
    logs = scores.dim() > 1 and scores.shape[1] > 1 and bool(((scores.detach().double().logsumexp(1)).abs() < 1e-2).all())
    by_class: Meant = (F.nll_loss, "nn.NLLLoss()") if logs else (F.cross_entropy, "nn.CrossEntropyLoss()")
    node = scores.grad_fn
    sigmoid = node is not None and any("Sigmoid" in step.name() and "Log" not in step.name() for step in first_nodes(node))
    by_label = (
        (F.binary_cross_entropy, "nn.BCELoss()") if sigmoid else (F.binary_cross_entropy_with_logits, "nn.BCEWithLogitsLoss()")
    )
    known: dict[str | None, Meant] = {
        "multiclass": by_class,
        "multilabel": by_label,
        "regression": (F.mse_loss, "nn.MSELoss()"),
        "forecast": (F.mse_loss, "nn.MSELoss()"),
    }
    if task in known:
        return known[task]
    if task == "binary":
        return by_class if wide and scores.shape[1] == 2 and labels.dim() == 1 else by_label
    if scores.shape == labels.shape and labels.is_floating_point():
        yes_no = bool(((labels == 0) | (labels == 1)).all())
        probabilities = scores.dim() > 1 and wide and are_probabilities(labels)
        return by_class if probabilities and not logs else by_label if yes_no else known["regression"]
    whole = not labels.is_floating_point() or bool((labels == labels.round()).all())
    if wide and whole and labels.dim() <= 2 and labels.numel() <= scores.numel():
        return by_class
    yes_no = bool(((labels == 0) | (labels == 1)).all())
    return by_label if yes_no else known["regression"]


def first_nodes(node: Any) -> list[Any]:
    found: list[Any] = []
    while node is not None and len(found) < 3:
        found.append(node)
        moved = any(
            node.name().startswith(f"{name}Backward") for name in ("View", "Squeeze", "Unsqueeze", "Select", "Slice", "Clone")
        )
        node = node.next_functions[0][0] if moved and node.next_functions else None
    return found
