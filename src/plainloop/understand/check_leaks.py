"""What makes a training worthless though it runs: the answer among the inputs, and a loss that is made larger.

Part of the pre-flight, see check.py.

Axes: n rows, F columns.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from .check_problems_wiring import LabelAmongInputs, LossTurnedRound
from .check_trial import Trial

ENOUGH = 16  # rows, so that a column is not the label by chance


def label_among_inputs(trial: Trial) -> None:
    """Adds the finding for the first column that equals the labels."""
    labels: Any = trial.data.labels if trial.data.whole else trial.batch.labels
    if trial.inside or trial.batch.rebuilt or not isinstance(labels, Tensor) or len(labels) < ENOUGH:
        return
    if labels.numel() != len(labels) or not bool((labels.flatten() != labels.flatten()[0]).any()):
        return
    wanted = labels.detach().flatten().double()
    for inputs in trial.data.whole or trial.batch.inputs:
        if inputs.dim() != 2 or len(inputs) != len(wanted) or inputs.shape[1] < 2 or inputs.dtype == torch.bool:
            continue
        equal = (inputs.detach() == wanted.unsqueeze(1).to(inputs.dtype)).all(0).nonzero().flatten().tolist()
        if equal:
            column, width, name = equal[0], inputs.shape[1], trial.data_name(0)
            rest = f"{name}[:, :{column}]" if column == width - 1 else f"{name}[:, 1:]" if column == 0 else ""
            fix = f"{name} = {rest or f'torch.cat([{name}[:, :{column}], {name}[:, {column + 1}:]], dim=1)'}"
            text = f"Column {column} of the inputs is the label, in all {len(wanted)} rows that were looked at"
            fix += f"  # and a first layer for {width - 1} columns"
            trial.add(LabelAmongInputs(text, "Inputs without the answer.", fix, where=trial.data_line(0)))
            return


def turned_round(trial: Trial) -> None:
    """Adds the finding for a loss that is made larger."""
    if trial.inside or not trial.losses or trial.loss_value is None:
        return
    call = trial.losses[-1][0]
    value, given = trial.loss_value.detach(), call.out
    up = trial.optimizer is not None and any(group.get("maximize") for group in trial.optimizer.param_groups)
    minus = (
        len(trial.losses) == 1
        and isinstance(given, Tensor)
        and given.numel() == value.numel() == 1
        and float(given.detach()) > 0
        and bool(torch.allclose(value.double(), -given.detach().double().reshape(value.shape)))
    )
    if up == minus:  # neither, or both, which is one minus for another
        return
    if up:
        kind, rate = type(trial.optimizer).__name__, float(trial.optimizer.param_groups[0]["lr"])
        line = trial.script.of(-1, "optimizer")
        fix = f"optimizer = torch.optim.{kind}(model.parameters(), lr={rate:g})"
        text = f"The optimizer makes {call.name} larger: maximize=True"
        trial.add(LossTurnedRound(text, "An optimizer that makes the loss small.", fix, where=(line,) if line else ()))
        return
    code = call.line.code if call.line is not None else ""
    changed = re.sub(r"(return|=|:)(\s*)-\s*(?=[A-Za-z_])", r"\1\2", code, count=1)
    fix = changed if changed not in ("", code) else f"loss = F.{call.name}(scores, labels)  # without the minus"
    text = f"The loss is {call.name} with a minus before it"
    trial.add(LossTurnedRound(text, "The loss itself, to be made small.", fix, where=trial.where(call)))
