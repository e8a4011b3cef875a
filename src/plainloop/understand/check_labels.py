"""Labels against scores, by the kind of loss: class numbers, yes-or-no labels, numbers. Types, shapes and ranges.

Part of the pre-flight, see check.py.

Axes: n rows, C outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .check_finding import Finding
from .check_forward import name_of
from .check_lines import Line
from .check_picked import class_numbers, without_picking
from .check_problems_data import LabelsOutOfRange, LossInDouble, WrongLabelShape, WrongLabelType
from .check_problems_model import SilentBroadcast, WidthBeyondClasses, WrongOutputWidth, WrongScores
from .check_problems_training import LossAgainstActivation
from .check_trace import Call
from .check_trial import Trial
from .check_views import other_size


def lines(trial: Trial, call: Call, *more: Line | None) -> tuple[Line, ...]:
    return tuple(line for line in (*trial.where(call), *label_lines(trial), *more) if line is not None)


def label_lines(trial: Trial) -> tuple[Line, ...]:
    return trial.data_line(1)


def last_layer(trial: Trial, scores: Tensor) -> nn.Module | None:
    """The layer whose width is that of the scores."""
    wide = {scores.shape[-1], scores.shape[1] if scores.dim() > 1 else 0}
    for module in reversed(trial.tape.ran):
        if isinstance(module, nn.Linear) and module.out_features in wide:
            return module
        if isinstance(module, nn.modules.conv._ConvNd) and module.out_channels in wide:
            return module
    return None


def other_width(trial: Trial, scores: Tensor, width: int, text: str, expected: str, why: str = "") -> Finding:
    """The finding for a last layer of the wrong width."""
    layer: Any = last_layer(trial, scores)
    fix = trial.made_like(layer, layer.in_features, width) if isinstance(layer, nn.Linear) else f"nn.Linear(..., {width})"
    if isinstance(layer, nn.modules.conv._ConvNd):
        fix = trial.made_like(layer, layer.in_channels, width, *layer.kernel_size[:1])
    made = trial.made(layer)
    return WrongOutputWidth(text, expected, fix, why, tuple(line for line in (made,) if line))


def class_type(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    y, classes = trial.data_name(1), scores.shape[1] if scores.dim() > 1 else 1
    got = f"{call.name} gets labels of {name_of(target.dtype)}"
    if target.is_floating_point():
        if call.name == "cross_entropy" and target.shape == scores.shape and scores.dim() > 1 and classes > 1:
            sums = target.sum(1)
            if bool((target >= 0).all()) and bool(((sums - 1).abs() < 1e-2).all()):
                return None
            return LossAgainstActivation(
                "cross_entropy gets rows of labels that do not add up to 1",
                "Probabilities of the classes, or for several labels per row a loss for each label.",
                "loss = nn.BCEWithLogitsLoss()",
                "cross_entropy shares one certainty among the classes; labels that are independent need one sigmoid each.",
                lines(trial, call),
            )
        if scores.dim() == 1 or classes == 1:
            return one_output(trial, call, scores, target)
        if target.shape == scores.shape and bool((target.sum(1) - 1).abs().max() < 1e-2):
            known = 'loss = nn.KLDivLoss(reduction="batchmean")  # for log_softmax and probabilities'
            return WrongLabelType(f"{got}: probabilities", "Class numbers of int64.", known, where=lines(trial, call))
        if not bool((target == target.round()).all()):
            text = f"{got} that are no class numbers, such as {float(target.flatten()[0]):.3g}"
            fix = f"{y} = torch.unique({y}, return_inverse=True)[1]  # or the classes as they were before"
            return WrongLabelType(text, "Class numbers of int64.", fix, where=lines(trial, call))
        squeeze = ".squeeze(1)" if target.dim() == 2 and target.shape[1] == 1 else ""
        return WrongLabelType(
            got,
            "Class numbers of int64" + (", without the axis of size 1." if squeeze else "."),
            f"{y} = {y}{squeeze}.long()",
            where=lines(trial, call),
        )
    if target.dtype in (torch.int32, torch.int16, torch.int8, torch.bool):
        return WrongLabelType(got, "Class numbers of int64.", f"{y} = {y}.long()", where=lines(trial, call))
    if target.shape == scores.shape and classes > 1 and bool(((target == 0) | (target == 1)).all()):
        return WrongLabelType(
            f"{got} in one-hot rows", "Class numbers of int64.", f"{y} = {y}.argmax(1)", where=lines(trial, call)
        )
    return None


def one_output(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding:
    classes = int(target.max()) + 1 if target.numel() and not target.is_floating_point() else 2
    if (picked := class_numbers(trial, scores)) is not None:
        return WrongScores(
            f"forward returns class numbers: {picked.name} picks one class per row",
            "Scores of shape (rows, classes); cross_entropy wants a number for each class.",
            without_picking(picked.line.code if picked.line is not None else ""),
            where=(*trial.where(picked), *lines(trial, call)),
        )
    if scores.dim() == 1:
        shape = trial.shape(scores)
        return WrongScores(
            f"{call.name} gets scores of shape {shape}: it takes the rows for classes",
            "(rows, classes).",
            "loss = nn.BCEWithLogitsLoss()",
            where=(*trial.where(trial.tape.maker(scores)), *lines(trial, call)),
        )
    return other_width(
        trial,
        scores,
        max(2, classes),
        f"{call.name} gets one score per row: over a single class it is always 0",
        f"{max(2, classes)} scores per row, or nn.BCEWithLogitsLoss() for one.",
    )


def class_shape(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    y, got = (
        trial.data_name(1),
        f"{call.name} gets scores of shape {trial.shape(scores)} and labels of shape {trial.shape(target)}",
    )
    if scores.dim() == 1 and target.dim() == 1:
        return one_output(trial, call, scores, target)
    if scores.dim() < 2 or (target.is_floating_point() and target.shape == scores.shape):
        return None
    if scores.shape[1] == 1 and scores.dim() == 2:
        return one_output(trial, call, scores, target)
    wanted = (scores.shape[0], *scores.shape[2:])
    if tuple(target.shape) == wanted:
        return None
    if target.dim() == scores.dim() and target.shape[1] == 1 and (target.shape[0], *target.shape[2:]) == wanted:
        return WrongLabelShape(got, f"Labels of shape {trial.sizes(wanted)}.", f"{y} = {y}.squeeze(1)", where=lines(trial, call))
    if scores.dim() == target.dim() + 1 and scores.shape[:-1] == target.shape:
        swap = ".transpose(1, 2)" if scores.dim() == 3 else ".movedim(-1, 1)"
        return WrongLabelShape(
            got, "The classes in the second axis of the scores.", f"scores = scores{swap}", where=lines(trial, call)
        )
    if len(scores) != len(target):
        return None  # the rows of the scores are looked at by themselves
    if scores.dim() > 3 and target.dim() == 1:
        axes = ", ".join(map(str, range(2, scores.dim())))
        fix = f"scores = scores.mean(dim=({axes}))  # or nn.AdaptiveAvgPool2d(1), nn.Flatten() before the last layer"
        return WrongScores(
            f"{got}: the scores still have places",
            "Scores of shape (rows, classes).",
            fix,
            where=trial.where(trial.tape.maker(scores)),
        )
    if scores.dim() == 3 and target.dim() == 1:
        single = scores.shape[1] == 1
        if single and trial.batch.inputs and trial.batch.inputs[0].dim() > 2 and trial.batch.inputs[0].shape[1] == 1:
            x = trial.data_name(0)
            text = f"{got}: the inputs have an axis of size 1 too many"
            return WrongScores(text, "Rows without an axis of size 1.", f"{x} = {x}.squeeze(1)", where=trial.data_line(0))
        fix = "scores = scores.squeeze(1)" if single else "scores = scores[:, -1]  # or .mean(1)"
        maker = trial.tape.maker(scores)
        return WrongScores(got, "Scores of shape (rows, classes).", fix, where=trial.where(maker))
    if (
        scores.dim() > 3
        and target.dim() == scores.dim() - 1
        and (other := other_size(trial, call, scores, target, got)) is not None
    ):
        return other
    return WrongLabelShape(
        got,
        f"Labels of shape {trial.sizes(wanted)}.",
        f"{y} = {y}.reshape({', '.join(['len(' + y + ')', *map(str, wanted[1:])])})",
        where=lines(trial, call),
    )


def class_range(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if target.is_floating_point() or scores.dim() < 2 or not target.numel():
        return None
    y, classes = trial.data_name(1), scores.shape[1]
    ignored = int(call.kwargs.get("ignore_index", -100))
    whole = (
        trial.data.labels
        if trial.data.labels is not None and trial.data.labels.dtype == target.dtype and not trial.inside
        else target
    )
    values = whole[whole != ignored].unique() if whole.numel() < 10_000_000 else target[target != ignored].unique()
    if not len(values):
        return None
    low, high, count = int(values[0]), int(values[-1]), len(values)
    span = f"The labels go from {low} to {high} and the model has {classes} outputs"
    expected = f"Class numbers from 0 to {classes - 1}."
    if low >= 0 and high < classes:
        known = (trial.data.labels is not None and trial.data.kind == "tensors") or (
            trial.data.labels is not None and len(trial.data.labels) == trial.data.num_rows
        )
        enough = len(whole) >= 10 * classes or len(whole) >= 10 * count <= classes
        if known and target.dim() == 1 and 1 < count == high + 1 < classes and enough:
            wide = other_width(trial, scores, high + 1, "", "")
            text = f"The model gives {classes} scores per row and the labels go from {low} to {high}"
            trial.add(WidthBeyondClasses(text, f"{high + 1} scores per row, one per class.", wide.fix, where=wide.where))
        return None
    beyond = values[(values < 0) | (values >= classes)].tolist()
    if len(beyond) == 1 and count > 2 and beyond[0] in (255, -1, 100, -100):
        text = f"The labels go from 0 to {int(values[values < classes][-1])}, but for {beyond[0]}, which means no label"
        fix = f"loss = nn.CrossEntropyLoss(ignore_index={beyond[0]})"
        return LabelsOutOfRange(text, f"{expected[:-1]}, or {beyond[0]} left out of the loss.", fix, where=lines(trial, call))
    if low < 0:
        fix = f"{y} = (({y} + 1) / 2).long()" if values.tolist() == [-1, 1] else f"{y} = {y} - {y}.min()"
        return LabelsOutOfRange(span, expected, fix, where=lines(trial, call))
    if low >= 1 and high - low < classes:
        return LabelsOutOfRange(f"{span}: they do not begin at 0", expected, f"{y} = {y} - {low}", where=lines(trial, call))
    if count <= classes and count != high + 1 - low:
        return LabelsOutOfRange(
            f"{span}, {count} different ones",
            expected,
            f"{y} = torch.unique({y}, return_inverse=True)[1]",
            where=lines(trial, call),
        )
    text = f"The model gives {classes} scores per row and the labels go from {low} to {high}"
    return other_width(trial, scores, high + 1, text, f"{high + 1} scores per row, one per class.")


def label_type(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if target.is_floating_point():
        return None
    y = trial.data_name(1)
    return WrongLabelType(
        f"{call.name} gets labels of {name_of(target.dtype)}",
        "Labels of float32.",
        f"{y} = {y}.float()",
        where=lines(trial, call),
    )


def label_shape(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if scores.shape == target.shape:
        return None
    y, got = (
        trial.data_name(1),
        f"{call.name} gets scores of shape {trial.shape(scores)} and labels of shape {trial.shape(target)}",
    )
    cast = "" if target.is_floating_point() else ".float()"
    if scores.numel() == target.numel():
        fix = (
            f"{y} = {y}.unsqueeze(1){cast}"
            if scores.dim() > target.dim()
            else f"scores = scores.unsqueeze(1){'  # and ' + y + ' = ' + y + cast if cast else ''}"
        )
        if cast:
            return WrongLabelType(
                f"{got}, and the labels are {name_of(target.dtype)}",
                f"Labels of float32 and of shape {trial.shape(scores)}.",
                fix,
                where=lines(trial, call),
            )
        return WrongLabelShape(got, f"Labels of shape {trial.shape(scores)}.", fix, where=lines(trial, call))
    if scores.dim() == 2 and target.dim() == 1 and len(scores) == len(target):
        classes = scores.shape[1]
        whole = trial.data.labels if trial.data.labels is not None and not trial.inside else target
        most = float(whole.max()) if whole.numel() else 0
        if most > 1 or (classes > 2 and not cast):
            return WrongOutputWidth(
                f"{got}: class numbers and {classes} scores per row",
                "The loss for classes.",
                "loss = nn.CrossEntropyLoss()",
                "Binary cross-entropy judges each output by itself, against a label of its own.",
                lines(trial, call),
            )
        return other_width(
            trial,
            scores,
            1,
            got,
            "One score per row for a yes-or-no label, or nn.CrossEntropyLoss() for two.",
            "A yes-or-no label needs one score.",
        )
    if len(scores) != len(target):
        return None
    if scores.dim() == target.dim() == 2:
        return other_width(trial, scores, target.shape[1], got, f"{target.shape[1]} scores per row, one per label.")
    if (other := other_size(trial, call, scores, target, got)) is not None:
        return other
    return WrongLabelShape(
        got, f"Labels of shape {trial.shape(scores)}.", f"{y} = {y}.reshape(scores.shape)", where=lines(trial, call)
    )


def label_range(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    whole = (
        trial.data.labels
        if trial.data.labels is not None and trial.data.labels.is_floating_point() and not (trial.inside or trial.batch.rebuilt)
        else target
    )
    if not torch.isfinite(whole).all() or not whole.numel():
        return None
    low, high, y = float(whole.min()), float(whole.max()), trial.data_name(1)
    if low >= 0 and high <= 1:
        return None
    fix = (
        f"{y} = ({y} + 1) / 2"
        if (low, high) == (-1, 1)
        else f"{y} = {y} / 255"
        if high > 2 and low >= 0 and high <= 255 and (target.dim() > 2 or (target.dim() == 2 and target.shape[1] > 8))
        else f"{y} = {y} - {low:g}"
        if high - low == 1
        else f"{y} = ({y} - {y}.min()) / ({y}.max() - {y}.min())"
        if len(whole.unique()) > 2
        else f"{y} = ({y} > {(low + high) / 2:g}).float()"
    )
    return LabelsOutOfRange(
        f"The labels go from {low:g} to {high:g}, for {call.name}", "Labels from 0 to 1.", fix, where=lines(trial, call)
    )


def sign_range(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if bool(((target == -1) | (target == 1)).all()):
        return None
    y = trial.data_name(1)
    return LabelsOutOfRange(
        f"{call.name} gets labels from {float(target.min()):g} to {float(target.max()):g}",
        "Labels of -1 and 1.",
        f"{y} = {y} * 2 - 1",
        where=lines(trial, call),
    )


def count_range(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if bool((target >= 0).all()):
        return None
    y = trial.data_name(1)
    return LabelsOutOfRange(
        f"poisson_nll_loss gets targets down to {float(target.min()):g}",
        "Counts: 0 or more.",
        f"{y} = {y}.clamp_min(0)",
        where=lines(trial, call),
    )


def number_type(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if target.dtype != torch.float64 or scores.dtype == torch.float64 or trial.inside or trial.batch.rebuilt:
        return None
    y = trial.data_name(1)
    kind: type[Finding] = WrongLabelType if call.name == "huber_loss" else LossInDouble
    text = f"{call.name} gets labels of float64 and scores of {name_of(scores.dtype)}"
    return kind(text, f"Labels of {name_of(scores.dtype)}.", f"{y} = {y}.float()", where=lines(trial, call))


def number_shape(trial: Trial, call: Call, scores: Tensor, target: Tensor) -> Finding | None:
    if scores.shape == target.shape:
        return None
    y, got = (
        trial.data_name(1),
        f"{call.name} gets scores of shape {trial.shape(scores)} and labels of shape {trial.shape(target)}",
    )
    if (other := other_size(trial, call, scores, target, got)) is not None:
        return other
    if scores.numel() == target.numel() and len(scores) == len(target):
        fix = (
            f"{y} = {y}.unsqueeze({1 if target.dim() == 1 else -1})"
            if scores.dim() == target.dim() + 1 and scores.shape[-1] == 1
            else f"{y} = {y}.squeeze(-1)"
            if target.dim() == scores.dim() + 1 and target.shape[-1] == 1
            else f"scores = scores.reshape({y}.shape)"
        )
        return SilentBroadcast(got, "One shape for both.", fix, where=lines(trial, call))
    if len(scores) != len(target):
        return None
    if scores.dim() == 2 and target.dim() == 1:
        whole = trial.data.labels if trial.data.labels is not None and not trial.inside else target
        if not whole.is_floating_point() and int(whole.min()) >= 0 and int(whole.max()) < scores.shape[1] and scores.shape[1] > 1:
            return LossAgainstActivation(
                f"{got}: class numbers and one score per class",
                "The loss for classes.",
                "loss = nn.CrossEntropyLoss()",
                "A squared error takes class numbers for amounts.",
                lines(trial, call),
            )
        return other_width(trial, scores, 1, got, "One score per row.", "Each number to be learned needs one output.")
    if scores.dim() == target.dim() == 2 and scores.shape[1] != target.shape[1]:
        text = f"The model gives {scores.shape[1]} numbers per row and the labels have {target.shape[1]}"
        return other_width(
            trial,
            scores,
            target.shape[1],
            text,
            f"{target.shape[1]} scores per row.",
            "Each number to be learned needs one output.",
        )
    if scores.dim() == target.dim() > 2 and scores.shape[2:] == target.shape[2:] and scores.shape[1] != target.shape[1]:
        text, width = f"The model gives {scores.shape[1]} channels and the labels have {target.shape[1]}", target.shape[1]
        return other_width(trial, scores, width, text, f"{width} channels.", "Each channel that is compared needs an output.")
    try:
        torch.broadcast_shapes(scores.shape, target.shape)
    except RuntimeError:
        return WrongLabelShape(got, "One shape for both.", f"{y} = {y}.reshape(scores.shape)", where=lines(trial, call))
    return SilentBroadcast(got, "One shape for both.", f"{y} = {y}.reshape(scores.shape)", where=lines(trial, call))
