"""A layer or an operation whose tensor does not fit, and views that make other rows. Part of the pre-flight, see check_shapes.py.

Axes: n rows of the batch.
"""

from __future__ import annotations

import math
import re
from typing import Any

from torch import Tensor, nn

from .check_finding import Finding
from .check_lines import Line
from .check_problems_model import FixedBatchSize, WrongInputShape, WrongOutputWidth
from .check_trace import Call
from .check_trial import Trial

FLATTENS = {"flatten", "view", "reshape"}


class Misfit:
    """A layer or an operation that failed, with the tensor that came in."""

    def __init__(self, trial: Trial, call: Call | None, layer: nn.Module | None, x: Tensor, line: Line | None):
        self.trial, self.call, self.layer, self.x = trial, call, layer, x
        self.title, self.got = trial.layer(layer) if layer is not None else (call.name if call else "forward"), trial.shape(x)
        self.given = trial.is_input(x)
        own = trial.made(layer) if layer is not trial.core or not list(layer.children()) else None
        self.where = tuple(found for found in (line, own) if found is not None)
        self.name = trial.data_name(0) if self.given else "x"
        self.given_args: tuple[Any, ...] = ()  # of the layer

    def flattened(self) -> Call | None:
        """The call that flattened the tensor, where one did just before."""
        return next((call for call in self.trial.tape.history(self.x)[:3] if call.name in FLATTENS and call.tensors), None)

    def joined(self) -> Call | None:
        """The call that joined tensors along their rows, where one did just before."""
        return next((call for call in self.trial.tape.history(self.x)[:3] if call.name in ("cat", "concat", "vstack")), None)

    def fault(self, what: str, expected: str, fix: str, *, data: bool = False) -> Finding:
        where = (*self.where, *(self.trial.data_line(0) if data and self.given else ()))
        return WrongInputShape(f"{self.title} gets {what}", expected, fix, where=where)


def view_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    if "invalid for input of size" not in text:
        return None
    sizes = [value for value in flat_args(m.call.args[1:] if m.call else ()) if isinstance(value, int)]
    per_row = m.x.numel() // max(1, m.x.shape[0])
    line = m.where[0].code if m.where else ""
    batch = m.trial.data.batch_size
    if len(sizes) > 1 and sizes[0] not in (-1, m.x.shape[0]) and math.prod(sizes[1:]) in (per_row, -per_row, -1):
        fixed = re.sub(rf"\b{sizes[0]}\b", "len(x)", line, count=1)
        return FixedBatchSize(
            f"{m.call.name if m.call else 'view'} makes {sizes[0]} rows of {m.x.shape[0]}",
            "A model for any number of rows.",
            fixed or "x = x.flatten(1)",
            where=m.where,
        )
    if batch in sizes and batch != m.x.shape[0]:
        fixed = re.sub(rf"\b{batch}\b", "len(x)", line, count=1)
        return FixedBatchSize(
            f"The batch size {batch} is written into the model",
            "A model for any number of rows.",
            fixed or "x = x.flatten(1)",
            where=m.where,
        )
    wanted = math.prod(abs(size) for size in sizes[1:]) if len(sizes) > 1 else (sizes or [0])[0]
    if sizes[:1] == [-1] and len(sizes) == 2:
        return flattened_otherwise(m, wanted, per_row)
    return WrongInputShape(
        f"{m.call.name if m.call else 'view'} makes rows of {wanted} numbers out of {m.got}, which has {per_row} per row",
        f"Rows of {per_row} numbers.",
        f"x = x.flatten(1)  # {per_row} numbers per row, also for the layer after it",
        where=m.where,
    )


def flattened_otherwise(m: Misfit, wanted: int, per_row: int) -> Finding:
    """view(-1, wanted) of rows that have another number of numbers: the size after the convolutions is another."""
    linear = next((x for x in m.trial.core.modules() if isinstance(x, nn.Linear) and x.in_features == wanted), None)
    made = m.trial.made(linear)
    fix = f"{m.trial.made_like(linear, per_row, linear.out_features)}  # in __init__; " if linear is not None else ""
    text = f"view makes rows of {wanted} numbers out of {m.got}, which has {per_row} per row"
    return WrongInputShape(
        text.replace("view", m.call.name, 1) if m.call else text,
        f"Rows of {per_row} numbers: {' x '.join(map(str, m.x.shape[1:]))}.",
        f"{fix}x = x.flatten(1)" + (" in forward" if fix else ""),
        where=(*m.where, *([made] if made else [])),
    )


def flat_args(args: Any) -> list[Any]:
    found: list[Any] = []
    for value in args:
        found += flat_args(value) if isinstance(value, (tuple, list)) else [value]
    return found


def other_size(trial: Trial, call: Call, scores: Tensor, target: Tensor, got: str) -> Finding | None:
    """Pictures or rows of steps that come out of another size than the labels have."""
    if scores.dim() == target.dim() + 1 > 3:  # a class for each point
        target = target.unsqueeze(1).expand(-1, scores.shape[1], *target.shape[1:])
    if not (scores.dim() == target.dim() > 2 and scores.shape[:2] == target.shape[:2]):
        return None
    if scores.shape[2:] == target.shape[2:] or scores.numel() == target.numel():
        return None
    size, said = tuple(target.shape[2:]), ": the inputs, which the model should give back" if trial.batch.rebuilt else ""
    line = next((made.line for made in trial.tape.history(scores)[:2] if made.line is not None), None)
    code = line.code if line is not None else ""
    note = "  # or output_padding=1 in nn.ConvTranspose2d"
    fix = f"x = F.interpolate(x, size={size})  # at the end; or output_padding=1 in the last nn.ConvTranspose2d"
    if code.startswith("return "):
        fix = f"return F.interpolate({code.removeprefix('return ')}, size={size}){note}"
    y = trial.data_line(1)
    why = "What comes out must have the size of what it is compared with."
    return WrongOutputWidth(f"{got}{said}", f"{trial.shape(target)}.", fix, why, ((line,) if line is not None else ()) + y)
