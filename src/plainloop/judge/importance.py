"""Permutation importance: how much worse the net gets when one input column is shuffled.

Measured on validation rows, so that the test rows are scored once and for nothing but the report's numbers. A column is
shuffled after encoding, in all the slots that it alone fills: the same as shuffling its cells and encoding again.

Method: L. Breiman, Random Forests, Machine Learning 45 (2001), section 10.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .image_pictures import image_column
from .scored import score

ROWS = 2000
REPEATS = 3
FLOP = 2e10  # about one second on one core; wide tables and large models get fewer repeats, then fewer rows
LEAST_ROWS = 100
VALUES = 2**20  # input values of the rows that are scored at once


@dataclass(frozen=True)
class Importance:
    """Columns from the most to the least important, each with the rise of `measure` and its spread over the repeats."""

    columns: list[str]
    rise: list[float]
    spread: list[float]
    measure: str  # "log loss" or "mean absolute error"
    baseline: float  # the measure with nothing shuffled
    rows: int
    repeats: int


def importance(outcome: Any, *, rows: int = ROWS, repeats: int = REPEATS, seed: int = 0) -> Importance | None:
    """The importance of every input column, None where there is nothing to measure: few rows, or a picture and nothing else."""
    preparation, model = outcome.preparation, outcome.model
    names = list(preparation.columns)
    validation = outcome.split["validation"]
    if not names or len(validation) < 10 or names == [image_column(outcome)]:
        return None
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(validation))[:rows])
    table = outcome.table.rows(validation[chosen])
    inputs = preparation.inputs(table)
    rows, repeats = _affordable(model, inputs, len(names), len(chosen), repeats)
    inputs, chosen = {kind: tensor[:rows] for kind, tensor in inputs.items()}, chosen[:rows]
    target = outcome.targets["validation"][torch.from_numpy(chosen)]
    task = preparation.task
    whole = _loss(task, _scores(model, inputs), target)
    rises = np.zeros((len(names), repeats))
    for place, (kind, slots) in enumerate(_slots(preparation)):
        for repeat in range(repeats):
            shuffled = inputs[kind].clone()
            shuffled[:, slots] = inputs[kind][torch.from_numpy(rng.permutation(rows))][:, slots]
            rises[place, repeat] = _loss(task, _scores(model, {**inputs, kind: shuffled}), target) - whole
    mean, spread = rises.mean(axis=1), rises.std(axis=1)
    order = np.argsort(-mean, kind="stable")
    measure = "mean absolute error" if type(task).__name__ == "Regression" else "log loss"
    return Importance([names[i] for i in order], mean[order].tolist(), spread[order].tolist(), measure, whole, rows, repeats)


def _slots(preparation: Any) -> list[tuple[str, slice]]:
    """For each input column the tensor it is part of and its slots there, in the order of `preparation.columns`."""
    ends: dict[str, int] = {}
    places = []
    columns_of = Counter(column.kind for column in preparation.columns.values())
    for column in preparation.columns.values():
        if columns_of[column.kind] == 1:  # the tensor is this column's alone, whatever a slot of it is
            places.append((column.kind, slice(None)))
            continue
        start = ends.get(column.kind, 0)
        ends[column.kind] = start + (column.slots if column.kind == "numbers" else 1)
        places.append((column.kind, slice(start, ends[column.kind])))
    return places


def _affordable(model: nn.Module, inputs: dict[str, Tensor], columns: int, rows: int, repeats: int) -> tuple[int, int]:
    """Rows and repeats within the budget, by the model's counted work rather than by a clock: the same on every machine."""
    from torch.utils.flop_counter import FlopCounterMode

    few = {kind: tensor[:8] for kind, tensor in inputs.items()}
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(few)
    work = max(1, counter.get_total_flops()) / len(next(iter(few.values())))  # of one row
    repeats = int(np.clip(FLOP / (work * rows * columns), 1, repeats))
    return int(np.clip(FLOP / (work * columns * repeats), min(LEAST_ROWS, rows), rows)), repeats


def _scores(model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    few = max(1, VALUES // max(1, sum(tensor[0].numel() for tensor in inputs.values())))
    with torch.inference_mode():
        parts = zip(*(tensor.split(few) for tensor in inputs.values()), strict=True)
        return torch.cat(
            [model({kind: one.to(device) for kind, one in zip(inputs, part, strict=True)}).float().cpu() for part in parts]
        )


def _loss(task: Any, scores: Tensor, target: Tensor) -> float:
    return float(score(task, scores, target).losses.mean())
