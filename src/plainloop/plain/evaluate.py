"""Scores over batches, and the table of predictions. Stands after the loop. Copied into ejected projects."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from .batches import EpochBatches, Rows, loader
from .config import Config
from .device import autocast, to_device
from .ragged import Ragged
from .table import Cells, Table, Words

FORMULA = re.compile(r"[=@\t\r].|\+(?=.)(?![\d.]+$)", re.DOTALL)  # "+" and "+1" are labels that people use
ACTIVATION_BYTES = 8 * 2**20  # widest layer of an evaluation batch; larger ones fall out of the cache and cost up to 1.7 times
ACTIVATION_BYTES_OF_DEVICE = 2**30  # an accelerator has no such cache, and waits for the host where batches are small


def evaluation_batches(rows: Rows, model: nn.Module, batch_size: int) -> DataLoader:
    """Batches in order, up to four times as large as those that train, capped by the bytes of the widest layer.

    Rows of different lengths come sorted by length; `score` puts their scores back in order.
    """
    widths = [layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear)]
    dense = [values for values in rows.inputs.values() if not isinstance(values, Ragged)]
    pictures = [8 * values[0].numel() for values in dense if values.dim() > 2]  # a first layer of some 20 channels
    tokens = 1 if rows.lengths is None else max(1, int(rows.lengths.double().mean()))  # such layers have a row for each token
    on_cpu = next(model.parameters()).device.type == "cpu"
    room = ACTIVATION_BYTES if on_cpu else ACTIVATION_BYTES_OF_DEVICE
    most = room // (4 * max([*(width * tokens for width in widths), *pictures], default=256))
    size = max(1, min(4 * batch_size, most))
    return loader(rows, EpochBatches(len(rows), size, shuffle=False, lengths=rows.lengths))


def score(
    model: nn.Module,
    task: Any,
    batches: DataLoader,
    precision: str = "float32",
    forward: Callable[[dict[str, Tensor]], Tensor] | None = None,
) -> Tensor:
    """Raw scores of all rows, in order; forward: what is asked in place of the model itself.

    Shape: float32 (n, out) or (n, K, out), or what the task's own `predict` gives, on the CPU.
    """
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode(), autocast(device, precision):
        scores = [
            task.predict(forward or model, to_device(inputs, target, device)[0]).float().cpu() for inputs, target in batches
        ]
    widest = max(answers.shape[1] for answers in scores)  # of rows of tokens each batch has as many places as its longest
    joined = torch.cat([F.pad(a, (0, 0, 0, widest - a.shape[1])) if a.shape[1] < widest else a for a in scores])
    order: Any = batches.sampler
    if order.lengths is None:
        return joined.clone()
    return torch.empty_like(joined).index_copy_(0, order.order(), joined)


def predictions_csv(rows: np.ndarray, columns: dict[str, list[Any]]) -> str:
    """The text of predictions.csv: one line per row, `row` first. Numbers are written so that reading gives the same bits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", *columns])
    writer.writerows(zip(rows.tolist(), *(map(_cell, column) for column in columns.values()), strict=True))
    return text.getvalue()


def beside(config: Config, table: Table) -> dict[str, list[Any]]:
    """What predictions.csv shows beside an answer: the file of a picture or a text; for one that is written what it answers."""
    names = [column.name for column in config.inputs if column.type == "text"] if config.task.name == "Sequence" else []
    shown: dict[str, list[Any]] = {"source" if len(names) == 1 else f"source_{name}": texts_of(table[name]) for name in names}
    if config.source.reader == "texts" and config.source.format == "texts" and "file" in table.columns:
        shown["file"] = files_of(table["file"])
    names = [column.name for column in config.inputs if column.type == "image"]
    for name in names:
        files = files_of(table[name])
        if any(files):
            shown["file" if len(names) == 1 else f"file_{name}"] = files
    return shown


def files_of(cells: Cells) -> list[str | None]:
    """The file of each picture with its folder, so that a copy elsewhere is called the same; none for pictures in arrays."""
    containers = import_module(".readers.containers", __package__)
    assert isinstance(cells, Words)
    arrays = [containers.is_array_file(containers.parts_of(word)[0]) for word in cells.words]
    shown = [None if array else containers.short_name(word, folders=1) for word, array in zip(cells.words, arrays, strict=True)]
    return [shown[code] if code >= 0 else None for code in cells.codes.tolist()]


def texts_of(cells: Cells) -> list[str | None]:
    assert isinstance(cells, Words)
    return cells.tolist()


def as_cells(values: list[Any], separator: str) -> list[Any]:
    """Truth as predictions.csv shows it: a list of labels in one cell."""
    return [(separator or ",").join(value) if isinstance(value, list) else value for value in values]


def finite_or_none(metrics: dict[str, float | None]) -> dict[str, float | None]:
    """Metrics as JSON can hold them: plain floats, None where a figure is not defined."""
    return {name: float(value) if value is not None and math.isfinite(value) else None for name, value in metrics.items()}


def _cell(value: Any) -> Any:
    """The value as a cell; a word that a spreadsheet would run as a formula gets an apostrophe before it.

    >>> _cell("=1+2"), _cell("+"), _cell("+1")
    ("'=1+2", '+', '+1')
    """
    if not isinstance(value, str) or not FORMULA.match(value):
        return value
    return "'" + value
