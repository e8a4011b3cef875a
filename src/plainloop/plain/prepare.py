"""Preparation: columns fitted on the train rows, rows encoded as tensors. Stands between the split and the batches.

It holds all fitted facts of a run but the weights; prepared.json keeps them. Copied into ejected projects.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from typing import Any

import numpy as np

from .batches import Rows
from .config import Column, Config
from .table import Table

# column type -> (file in columns/, class in it)
COLUMN_CLASSES = {
    "number": ("tabular", "Number"),
    "boolean": ("tabular", "Boolean"),
    "category": ("tabular", "Category"),
    "datetime": ("tabular", "Datetime"),
    "tags": ("tabular", "Tags"),
    "image": ("image", "Image"),
    "text": ("text", "Text"),
    "window": ("window", "Window"),
    "known": ("window", "Known"),
    "calendar": ("window", "Calendar"),
    "series": ("series", "Series"),
    "length": ("series", "Length"),
    "ngrams": ("ngrams", "Ngrams"),
    "pretrained": ("pieces", "Pieces"),
}
FIT_OPTIONS = {
    "tags": ("separator",),
    "image": ("size", "mode"),
    "window": ("role",),
}  # fields of the config's column that its class is fitted with


def column_class(type_name: str) -> Any:
    file, name = COLUMN_CLASSES[type_name]
    return getattr(import_module(f".columns.{file}", __package__), name)


def class_of(column: Column, config: Config) -> Any:
    return column_class(encoded_as(column, config))


def encoded_as(column: Column, config: Config) -> str:
    """The entry of COLUMN_CLASSES for a column: its type, but texts can become n-grams, or tokens of a pretrained model."""
    return config.text.tokens if column.type == "text" and config.text.tokens in COLUMN_CLASSES else column.type


def task_class(config: Config) -> Any:
    return getattr(import_module(f".tasks.{config.task.file}", __package__), config.task.name)


def headline_of(config: Config) -> str:
    """The metric that chooses the epoch, before the task is fitted."""
    kind = task_class(config)
    return str(kind.headline if hasattr(kind, "headline") else kind.headline_for(config))


class Preparation:
    """The fitted input columns and the fitted task of a run."""

    def __init__(self, config: Config, columns: dict[str, Any], task: Any):
        self.config, self.columns, self.task = config, columns, task

    @classmethod
    def fit(cls, config: Config, table: Table, split: dict[str, np.ndarray], tokenizer: str = "") -> Preparation:
        """Fits every input column on the train rows. The task's labels are those of all labelled rows, its weights and scale
        those of the train rows. tokenizer: the JSON of that of a pretrained model."""
        columns = {}
        train = {column.name: table[column.name][split["train"]] for column in config.inputs}
        texts = [train[column.name] for column in config.inputs if column.type == "text"]
        # models of sequences compute the places of tokens: no table of them grows with the longest text
        open_end = config.task.name == "Sequence" and config.text.whole >= 1
        if config.sequence.shared:
            texts += [table[column.name][split["train"]] for column in config.targets]
        for column in config.inputs:
            options: dict[str, Any] = {name: getattr(column, name) for name in FIT_OPTIONS.get(column.type, ())}
            if column.type == "text":  # all texts share one tokenizer
                options = (
                    asdict(config.text)
                    | {"beside": texts, "open_end": open_end}
                    | ({"tokenizer": tokenizer} if tokenizer else {})
                )
            columns[column.name] = class_of(column, config).fit(train[column.name], **options)
        labelled = np.sort(np.concatenate(list(split.values())))
        in_train = np.searchsorted(labelled, split["train"])
        targets = [table[column.name][labelled] for column in config.targets]
        shared = [column.tokenizer for column in columns.values() if column.kind == "text"][:1] if config.sequence.shared else []
        task = task_class(config).fit(targets, in_train, config, *shared)
        return cls(config, columns, task)

    def inputs(self, table: Table) -> dict[str, Any]:
        """What the model gets, for all rows of the table.

        Shape: "numbers" float32 (n, N), "categories" int64 (n, M), "image" uint8 (n, C, H, W), "text" a `Ragged` of n rows of
        int32 tokens, "series" float32 (n, V, L) or `Slices` of it, "future" `Slices` (n, F, L + H), "lengths" int64 (n,); kinds
        without columns: absent.
        """
        return self.joined(self.encoded(table))

    def encoded(self, table: Table) -> dict[str, Any]:
        """Each input column of the table by itself, as its class encodes it."""
        return {name: self.columns[name].encode(table[name]) for names in self._kinds().values() for name in names}

    def joined(self, encoded: dict[str, Any]) -> dict[str, Any]:
        """The columns of each kind as one input."""
        made = {}
        for kind, names in self._kinds().items():
            parts = [encoded[name] for name in names]
            made[kind] = parts[0] if len(parts) == 1 else self.columns[names[0]].join(parts)
        return made

    def target(self, table: Table) -> Any:
        """The target of all rows of the table, as the task wants it: a tensor, or a `Ragged` of tokens."""
        return self.task.target([table[column.name] for column in self.config.targets])

    @property
    def shapes(self) -> dict[str, Any]:
        """What a model must know of its inputs: {"numbers": N, "categories": [number of codes, ...], "image": Image.shape,
        "text": Text.shape, "series": {"variables": V, "targets": VT, "lookback": L, "horizon": H}, "future": F}; of a target that
        is a row of tokens also "target"."""
        shapes = {
            kind: self.columns[names[0]].merge([self.columns[name].shape for name in names])
            for kind, names in self._kinds().items()
        }
        return shapes | ({"target": self.task.shape} if hasattr(self.task, "shape") else {})

    def rows(self, table: Table) -> Rows:
        """The rows of a table as a Dataset of inputs and targets."""
        return Rows(self.inputs(table), self.target(table), getattr(self.task, "start", None))

    def _kinds(self) -> dict[str, list[str]]:
        """Kind of input -> the names of its columns; tags without a label in the train rows have no shape and are no input."""
        kinds: dict[str, list[str]] = {}
        for name, column in self.columns.items():
            if column.shape:
                kinds.setdefault(column.kind, []).append(name)
        return kinds

    def state(self) -> dict[str, Any]:
        return {"columns": {name: column.state() for name, column in self.columns.items()}, "task": self.task.state()}

    @classmethod
    def from_state(cls, config: Config, state: dict[str, Any]) -> Preparation:
        types = {column.name: column for column in config.columns}
        columns = {name: class_of(types[name], config)(**values) for name, values in state["columns"].items()}
        return cls(config, columns, task_class(config)(**state["task"]))
