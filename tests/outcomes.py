"""Finished runs for the tests of judge: real tasks, columns and preparation around a small net trained by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from plainloop.plain import config as c
from plainloop.plain.prepare import Preparation
from plainloop.plain.table import Table, Words


class Net(nn.Module):
    """Numbers and categories to scores."""

    def __init__(self, shapes: dict[str, Any], num_outputs: int):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, 4) for n in shapes.get("categories", []))
        self.layers = nn.Sequential(
            nn.Linear(shapes.get("numbers", 0) + 4 * len(self.tables), 32), nn.ReLU(), nn.Linear(32, num_outputs)
        )

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        parts = [inputs["numbers"]] if "numbers" in inputs else []
        parts += [table(inputs["categories"][:, i]) for i, table in enumerate(self.tables)]
        return self.layers(torch.cat(parts, 1))


@dataclass
class Finished:
    config: c.Config
    table: Table
    split: dict[str, np.ndarray]
    preparation: Preparation
    model: nn.Module
    scores: dict[str, torch.Tensor] = field(default_factory=dict)
    targets: dict[str, torch.Tensor] = field(default_factory=dict)
    history: dict[str, list] = field(default_factory=dict)
    best_epoch: int = 0
    seconds: float = 1.5


def words(values: list[str | None]) -> Words:
    known = sorted({value for value in values if value is not None})
    place = {word: i for i, word in enumerate(known)}
    return Words(np.array([-1 if v is None else place[v] for v in values], np.int32), known)


def finished(
    kind: str, *, rows: int = 600, labels: list[str] | None = None, two_numbers: bool = False, epochs: int = 6, seed: int = 0
) -> Finished:
    """A trained run of the task on made-up rows: two numbers that matter and, unless two_numbers, a category and noise."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    city = rng.integers(0, 4, rows)
    signal = a + 0.5 * b**2 + (0 if two_numbers else 0.7 * city) + rng.normal(size=rows) * 0.4
    cells: dict[str, Any] = {"a": a, "b": b}
    columns = [c.Column(name="a", type="number"), c.Column(name="b", type="number")]
    if not two_numbers:
        gaps = rng.normal(size=rows)
        gaps[::7] = np.nan
        names = ["Aarhus", "Berlin <b>&", "Cairo, with a long name that goes on and on and on for ever", "Delhi"]
        cells |= {
            "gaps": gaps,
            "city": words([None if i % 11 == 0 else names[k] for i, k in enumerate(city)]),
            "when": 1.6e9 + rng.integers(0, 10**8, rows).astype(float),
            "member": (rng.random(rows) > 0.5).astype(float),
            "tags": words([";".join(t for t in ("red", "green") if rng.random() > 0.5) or None for _ in range(rows)]),
        }
        columns += [
            c.Column(name="gaps", type="number"),
            c.Column(name="city", type="category"),
            c.Column(name="when", type="datetime"),
            c.Column(name="member", type="boolean"),
            c.Column(name="tags", type="tags", separator=";"),
        ]
    file, targets = "classify", [c.Column(name="target", type="category", role="target")]
    if kind == "Binary":
        labels = labels or ["no", "yes"]
        cells["target"] = words([labels[int(s > 1)] for s in signal])
    elif kind == "Multiclass":
        labels = labels or ["low", "middle", "high"]
        cut = np.quantile(signal, np.linspace(0, 1, len(labels) + 1)[1:-1])
        cells["target"] = words([labels[int(i)] for i in np.searchsorted(cut, signal)])
    elif kind == "Multilabel":
        file, targets = (
            "multilabel",
            [c.Column(name=name, type="boolean", role="target") for name in labels or ["hot", "wet", "windy"]],
        )
        for i, column in enumerate(targets):
            cells[column.name] = (signal + rng.normal(size=rows) * 0.5 > i * 0.7).astype(float)
    else:
        file, targets = "regress", [c.Column(name="target", type="number", role="target")]
        cells["target"] = 1000 + 300 * signal
    config = c.Config(
        source=c.Source(reader="tables", format="csv", data=("weather.csv",)),
        columns=(*columns, *targets),
        split=c.Split(),
        task=c.Task(name=kind, file=file),
        model=c.Model(file="table_mlp"),
        train=c.Train(epochs=epochs),
        machine=c.Machine(),
    )
    table = Table(cells, {"data": range(rows)})
    order = rng.permutation(rows)
    split = {
        "test": np.sort(order[: rows // 4]),
        "validation": np.sort(order[rows // 4 : rows // 2]),
        "train": np.sort(order[rows // 2 :]),
    }
    preparation = Preparation.fit(config, table, split)
    torch.manual_seed(seed)
    run = Finished(config, table, split, preparation, Net(preparation.shapes, preparation.task.num_outputs))
    _train(run, epochs)
    return run


def _train(run: Finished, epochs: int) -> None:
    task, model, inputs = run.preparation.task, run.model, run.preparation.inputs(run.table)
    target = run.preparation.target(run.table)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    parts = {part: torch.from_numpy(rows) for part, rows in run.split.items()}

    def scores(part: str) -> torch.Tensor:
        return model({kind: tensor[parts[part]] for kind, tensor in inputs.items()})

    for epoch in range(1, epochs + 1):
        for _ in range(8):
            loss = task.loss(scores("train"), target[parts["train"]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            values: dict[str, Any] = {"epoch": epoch, "learning_rate": 0.3, "seconds": 0.01, "rows_per_second": 1e5}
            for part, prefix in (("train", "train"), ("validation", "val")):
                figures = task.metrics(scores(part), target[parts[part]])
                values[f"{prefix}_loss"] = float(task.loss(scores(part), target[parts[part]]))
                values |= {f"{prefix}_{name}": figures[name] for name in {task.headline, "accuracy"} & set(figures)}
        for name, value in values.items():
            run.history.setdefault(name, []).append(value)
    run.best_epoch = epochs
    model.eval()
    for part in ("validation", "test"):
        with torch.no_grad():
            run.scores[part] = scores(part)
        run.targets[part] = target[parts[part]]
