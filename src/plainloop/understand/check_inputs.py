"""Inputs and columns that have no effect on the scores.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from .check_batch import Batch
from .check_lines import method_line
from .check_problems_data import InputUnused
from .check_problems_training import GradientsVanish, LearningRateOutOfScale
from .check_trace import tensors_in
from .check_trial import Trial, seeded


def inputs_used(trial: Trial) -> None:
    """Each input of several, and each column of a table, must have an effect on the scores."""
    if trial.mine:
        return
    trial.model.eval()
    batch, n = trial.batch, trial.rows
    named = {**{f"input {i + 1}": value for i, value in enumerate(batch.args)}, **batch.kwargs}
    if len(batch.args) == 1 and isinstance(batch.args[0], dict):
        named = dict(batch.args[0])
    base = scores_of(trial, batch)
    if base is None or n < 3:
        return
    if len(named) > 1:
        for name, value in named.items():
            moved = {id(t) for t in tensors_in(value) if t.dim() and len(t) == n and (varies(t) or t.dtype == torch.bool)}
            if moved and (after := scores_of(trial, changed(batch, moved))) is not None and unmoved(base, after):
                unused(trial, name, name)
    columns_used(trial, base)


def scores_of(trial: Trial, batch: Batch) -> list[Tensor] | None:
    seeded(trial, 0)
    try:
        return [tensor for tensor in tensors_in(trial.forward(batch.fresh())) if tensor.is_floating_point()]
    except Exception:
        return None


def varies(tensor: Tensor) -> bool:
    return not bool((tensor == tensor[:1]).all())


def changed(batch: Batch, moved: set[int]) -> Batch:
    def other(tensor: Tensor) -> Tensor:
        if id(tensor) not in moved:
            return tensor
        return tensor.roll(1, 0) if varies(tensor) else ~tensor  # a mask that is the same in all rows

    return batch.over(other)


def unmoved(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(x.shape == y.shape and bool(torch.equal(x, y)) for x, y in zip(a, b, strict=True))


def unused(trial: Trial, name: str, said: str) -> None:
    where = () if trial.inside else tuple(line for line in [forward_line(trial)] if line)
    trial.add(
        InputUnused(
            f"{said[:1].upper()}{said[1:]} has no effect on the scores",
            "Scores that depend on every input.",
            "h = torch.cat([a, b], dim=1)  # or leave it out of the data",
            where=where,
        )
    )


def forward_line(trial: Trial) -> Any:
    return method_line(type(trial.core), "forward", returns=False)


def columns_used(trial: Trial, base: list[Tensor]) -> None:
    """Columns of a table of floats that have no effect, all by one gradient."""
    tables = [
        tensor
        for tensor in trial.batch.inputs
        if tensor.dim() == 2 and tensor.is_floating_point() and 1 < tensor.shape[1] <= 4096
    ]
    vanish = any(isinstance(finding, (GradientsVanish, LearningRateOutOfScale)) for finding in trial.findings)
    if len(tables) != 1 or vanish or any(p.requires_grad and not p.any() for p in trial.parameters.values() if p.dim() > 1):
        return
    table = tables[0]
    for column in without_gradient(trial, table)[:8]:
        if not varies(table[:, column : column + 1]):
            continue
        other = table.clone()
        other[:, column] = other[:, column].roll(1) * 2 + 1
        after = scores_of(trial, trial.batch.over(lambda t: other if t is table else t))  # noqa: B023
        if after is not None and unmoved(base, after):
            if not sliced(trial, column):
                unused(trial, f"column {column}", f"column {column} of the input")
            return


def sliced(trial: Trial, column: int) -> bool:
    """Whether forward itself takes some columns of the input alone; adds the finding."""
    for call in trial.tape.calls:
        index = call.args[1] if call.name == "__getitem__" and len(call.args) > 1 else None
        if not isinstance(index, tuple) or len(index) != 2 or not isinstance(index[1], slice) or not call.tensors:
            continue
        if not trial.is_input(call.tensors[0]) or call.line is None or index[1] == slice(None):
            continue
        code = call.line.code
        fix = re.sub(r"(\w+)\[:, [^\]]*:[^\]]*\]", r"\1", code)
        text = f"Column {column} of the input has no effect on the scores: forward takes others alone"
        expected = "Scores that depend on every column; and a layer for as many."
        trial.add(
            InputUnused(
                text,
                expected,
                fix if fix != code else "x = x  # all columns",
                where=trial.where(call, forward_line(trial)),
            )
        )
        return True
    return False


def without_gradient(trial: Trial, table: Tensor) -> list[int]:
    """The columns that the scores do not depend on at this point; none where the way to them has no gradient at all."""
    asked = table.detach().clone().requires_grad_(True)
    seeded(trial, 0)
    try:
        out = trial.forward(trial.batch.over(lambda t: asked if t is table else t))
        total = torch.stack([t.float().square().sum() for t in tensors_in(out) if t.is_floating_point()]).sum()
        (gradient,) = torch.autograd.grad(total, asked)
    except Exception:
        return []
    return (gradient == 0).all(0).nonzero().flatten().tolist()
