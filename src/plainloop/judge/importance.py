"""Permutation importance: how much worse the net gets when one input column is shuffled.

Measured on validation rows, so that the test rows are scored once and for nothing but the report's numbers. A column is
shuffled after encoding, before it joins the others of its kind: the same as shuffling its cells and encoding again.

Method: L. Breiman, Random Forests, Machine Learning 45 (2001), section 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..plain.ragged import Ragged
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
    """The importance of every input column, None where there is nothing to measure: few rows, or one picture or text alone."""
    preparation, model = outcome.preparation, outcome.model
    names = list(preparation.columns)
    validation = outcome.split["validation"]
    rest = [name for name in names if preparation.columns[name].kind != "lengths"]
    alone = len(rest) == 1 and preparation.columns[rest[0]].kind in ("image", "text", "series")
    if not names or len(validation) < 10 or alone:
        return None
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(validation))[:rows])
    table = outcome.table.rows(validation[chosen])
    encoded = preparation.encoded(table)
    rows, repeats = _affordable(model, preparation.joined(encoded), len(names), len(chosen), repeats)
    encoded, chosen = {name: rows_of(values, torch.arange(rows)) for name, values in encoded.items()}, chosen[:rows]
    target = outcome.targets["validation"][torch.from_numpy(chosen)]
    task = preparation.task
    whole = _loss(task, scores_of(model, preparation.joined(encoded)), target)
    rises = np.zeros((len(names), repeats))
    for place, name in enumerate(names):
        for repeat in range(repeats if name in encoded else 0):
            shuffled = rows_of(encoded[name], torch.from_numpy(rng.permutation(rows)))
            rises[place, repeat] = _loss(task, scores_of(model, preparation.joined({**encoded, name: shuffled})), target) - whole
    mean, spread = rises.mean(axis=1), rises.std(axis=1)
    order = np.argsort(-mean, kind="stable")
    measure = "mean absolute error" if type(task).__name__ == "Regression" else "log loss"
    return Importance([names[i] for i in order], mean[order].tolist(), spread[order].tolist(), measure, whole, rows, repeats)


def rows_of(values: Any, rows: Tensor) -> Any:
    """Some rows of an encoded column, in the given order."""
    return values.rows(rows) if isinstance(values, Ragged) else values.index_select(0, rows)


def _affordable(model: nn.Module, inputs: dict[str, Any], columns: int, rows: int, repeats: int) -> tuple[int, int]:
    """Rows and repeats within the budget, by the model's counted work rather than by a clock: the same on every machine."""
    work = work_of(model, inputs)
    repeats = int(np.clip(FLOP / (work * rows * columns), 1, repeats))
    return int(np.clip(FLOP / (work * columns * repeats), min(LEAST_ROWS, rows), rows)), repeats


def work_of(model: nn.Module, inputs: dict[str, Any]) -> float:
    """What one of the rows costs, counted in multiplications and additions, at least one."""
    from torch.utils.flop_counter import FlopCounterMode

    few = {kind: values.index_select(0, torch.arange(min(8, len(values)))) for kind, values in inputs.items()}
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(few)
    return max(1, counter.get_total_flops()) / len(next(iter(few.values())))


def scores_of(model: nn.Module, inputs: dict[str, Any], values_at_once: int = VALUES) -> Tensor:
    """Raw scores of all rows, on the CPU."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    rows = len(next(iter(inputs.values())))
    one_row = sum(values.index_select(0, torch.arange(1)).numel() for values in inputs.values())
    with torch.inference_mode():
        parts = torch.arange(rows).split(max(1, values_at_once // max(1, one_row)))
        batches = ({kind: values.index_select(0, part).to(device) for kind, values in inputs.items()} for part in parts)
        return torch.cat([model(batch).float().cpu() for batch in batches])


def _loss(task: Any, scores: Tensor, target: Tensor) -> float:
    return float(score(task, scores, target).losses.mean())
