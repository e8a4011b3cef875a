"""Preparation: columns fitted on the train rows, rows encoded as tensors. Stands between the split and the batches.

It holds all fitted facts of a run but the weights; prepared.json keeps them. Copied into ejected projects.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .config import Config
from .table import Table

# column type -> (file in columns/, class in it)
COLUMN_CLASSES = {
    "number": ("tabular", "Number"),
    "boolean": ("tabular", "Boolean"),
    "category": ("tabular", "Category"),
    "datetime": ("tabular", "Datetime"),
    "tags": ("tabular", "Tags"),
    "image": ("image", "Image"),
}
FIT_OPTIONS = {"tags": ("separator",), "image": ("size", "mode")}  # fields of the config's column that its class is fitted with


def column_class(type_name: str) -> Any:
    file, name = COLUMN_CLASSES[type_name]
    return getattr(import_module(f".columns.{file}", __package__), name)


def task_class(config: Config) -> Any:
    return getattr(import_module(f".tasks.{config.task.file}", __package__), config.task.name)


class Preparation:
    """The fitted input columns and the fitted task of a run."""

    def __init__(self, config: Config, columns: dict[str, Any], task: Any):
        self.config, self.columns, self.task = config, columns, task

    @classmethod
    def fit(cls, config: Config, table: Table, split: dict[str, np.ndarray]) -> Preparation:
        """Fits every input column on the train rows. The task's labels are those of all labelled rows, its weights and scale
        those of the train rows."""
        columns = {}
        for column in config.inputs:
            options = {name: getattr(column, name) for name in FIT_OPTIONS.get(column.type, ())}
            columns[column.name] = column_class(column.type).fit(table[column.name][split["train"]], **options)
        labelled = np.sort(np.concatenate(list(split.values())))
        in_train = np.searchsorted(labelled, split["train"])
        task = task_class(config).fit([table[column.name][labelled] for column in config.targets], in_train, config)
        return cls(config, columns, task)

    def inputs(self, table: Table) -> dict[str, Tensor]:
        """What the model gets, for all rows of the table.

        Shape: "numbers" float32 (n, N), "categories" int64 (n, M), "image" uint8 (n, C, H, W); kinds without columns: absent.
        """
        parts: dict[str, list[Tensor]] = {}
        for name, column in self.columns.items():
            parts.setdefault(column.kind, []).append(column.encode(table[name]))
        joined = {kind: tensors[0] if len(tensors) == 1 else torch.cat(tensors, 1) for kind, tensors in parts.items()}
        return {kind: values for kind, values in joined.items() if values.shape[1]}

    def target(self, table: Table) -> Tensor:
        """The target tensor of all rows of the table, as the task wants it."""
        return self.task.target([table[column.name] for column in self.config.targets])

    @property
    def shapes(self) -> dict[str, Any]:
        """What a model must know of its inputs: {"numbers": N, "categories": [number of codes, ...], "image": Image.shape}."""
        shapes: dict[str, Any] = {}
        for column in self.columns.values():
            if column.kind == "numbers":
                if column.slots:  # tags without a label in the train rows have none
                    shapes["numbers"] = shapes.get("numbers", 0) + column.slots
            elif column.kind == "image":
                shapes["image"] = column.shape
            else:
                shapes.setdefault(column.kind, []).append(column.cardinality)
        return shapes

    def state(self) -> dict[str, Any]:
        return {"columns": {name: column.state() for name, column in self.columns.items()}, "task": self.task.state()}

    @classmethod
    def from_state(cls, config: Config, state: dict[str, Any]) -> Preparation:
        types = {column.name: column for column in config.columns}
        columns = {name: column_class(types[name].type)(**values) for name, values in state["columns"].items()}
        return cls(config, columns, task_class(config)(**state["task"]))
