"""How a dataset and its collate_fn make rows: items that are all alike, lengths of the wrong axis, labels of other rows.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import inspect
import re
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Subset, TensorDataset

from .check_batch import Data
from .check_finding import Finding
from .check_lines import Line, line_at, method_line
from .check_problems_model import WrongInputShape
from .check_problems_rows import RowsAlike, RowsLeftOut, RowsTornApart
from .check_trace import tensors_in
from .check_trial import Trial

SECONDS = 0.05  # for reading items
FEW, MANY = 4, 24  # items that are compared; rows that a batch is tried with


def base_of(dataset: Any) -> Any:
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return dataset


def whole_in_each(data: Data) -> Finding | None:
    """The finding for a dataset each of whose items is all of its rows."""
    dataset = data.source
    if dataset is None or isinstance(base_of(dataset), (list, tuple, TensorDataset)) or (data.num_rows or 0) < FEW:
        return None
    try:
        first, second = (arrays_in(dataset[index]) for index in (0, 1))
    except Exception:  # a sampler may know which items there are
        return None
    n = len(base_of(dataset))
    whole = [len(array) == n for array in first if array.ndim]
    if not whole or not all(whole) or len(first) != len(second) or not all(map(equal, first, second)):
        return None
    fix = indexed(data.line, dataset)
    text = f"Each item of the dataset is all of its {n} rows"
    where = (data.line,) if data.line is not None else ()
    return WrongInputShape(text, "One row for each index.", fix, "A batch would hold all rows once for each of its items.", where)


def indexed(line: Line | None, dataset: Any) -> str:
    """The return of __getitem__ with the index behind each attribute."""
    code = line.code if line is not None else ""
    held = [name for name, value in vars(base_of(dataset)).items() if hasattr(value, "__len__")]
    index = index_name(dataset)
    for name in sorted(held, key=len, reverse=True):
        code = re.sub(rf"\bself\.{name}\b(\[\w+\])?", f"self.{name}[{index}]", code)
    return code if code and line is not None and code != line.code else f"return self.x[{index}], self.y[{index}]"


def index_name(dataset: Any) -> str:
    try:
        names = list(inspect.signature(base_of(dataset).__getitem__).parameters)
    except (TypeError, ValueError):
        names = []
    return names[0] if names else "i"


def arrays_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in arrays_in(part)]
    if isinstance(value, Tensor):
        return [value.detach().cpu().float().numpy()]
    return (
        [value] if isinstance(value, np.ndarray) else [np.asarray(value)] if isinstance(value, (int, float, np.generic)) else []
    )


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b))


def rows_made(trial: Trial) -> None:
    """Adds findings about the dataset and the collate_fn."""
    dataset = trial.data.source
    if dataset is None or trial.inside:
        return
    pairs_kept(trial)
    if not isinstance(base_of(dataset), (list, tuple, TensorDataset)):
        items_alike(trial, dataset)
        label_by_chance(trial, dataset)
        length_of_columns(trial, base_of(dataset))


def items_alike(trial: Trial, dataset: Any) -> None:
    n = trial.data.num_rows or 0
    if n < FEW:
        return
    places = torch.linspace(0, n - 1, FEW).long().tolist()
    items = [arrays_in(dataset[place]) for place in places]
    if not items[0] or not all(len(item) == len(items[0]) and all(map(equal, item, items[0])) for item in items[1:]):
        return
    fix = indexed(trial.data.line, dataset)
    name = index_name(dataset)
    text = f"All items of the dataset are the same: __getitem__ does not follow its index {name}"
    trial.add(RowsAlike(text, "Another item for each index.", fix, where=(trial.data.line,) if trial.data.line else ()))


def label_by_chance(trial: Trial, dataset: Any) -> None:
    """Items whose label is another one when they are read once more, while the inputs are the same."""
    n = trial.data.num_rows or 0
    other, tried, begun = 0, 0, time.perf_counter()
    for place in range(min(n, MANY)):
        if time.perf_counter() - begun > SECONDS:
            break
        tried += 1
        first, again = dataset[place], dataset[place]
        if not isinstance(first, (tuple, list)) or len(first) != 2:
            return
        x, y, x_again, y_again = (arrays_in(part) for part in (*first, *again))
        if not x or not y or len(x) != len(x_again) or not all(map(equal, x, x_again)):
            return
        other += not all(map(equal, y, y_again))
    if other > 1:
        text = f"{other} of {tried} items have another label when they are read again, and the same inputs"
        fix = indexed(trial.data.line, dataset)
        where = (trial.data.line,) if trial.data.line is not None else ()
        trial.add(RowsTornApart(text, "The label of the row.", fix, where=where))


def length_of_columns(trial: Trial, dataset: Any) -> None:
    """A length that is the number of columns of what the dataset holds."""
    if not hasattr(dataset, "__dict__"):
        return
    n = len(dataset)
    held = {name: value for name, value in vars(dataset).items() if isinstance(value, (Tensor, np.ndarray)) and value.ndim}
    lengths = {len(value) for value in held.values()}
    columns = [name for name, value in held.items() if value.ndim > 1 and value.shape[1] == n]
    if len(lengths) != 1 or n in lengths or n > max(lengths) or not columns:
        return
    rows, line = max(lengths), method_line(type(dataset), "__len__")
    text = f"The dataset says that it has {n} rows, which is its number of columns, and holds {rows}"
    fix = f"return len(self.{columns[0]})"
    trial.add(RowsLeftOut(text, f"A length of {rows}.", fix, where=(line,) if line is not None else ()))


def pairs_kept(trial: Trial) -> None:
    """Whether a row has the same label in a batch as alone; a collate_fn may put inputs and labels in two orders."""
    join, dataset = trial.data.join, trial.data.source
    n = min(trial.data.num_rows or 0, MANY)
    if join is None or n < FEW:
        return
    begun = time.perf_counter()
    items: list[Any] = []
    while len(items) < n and time.perf_counter() - begun < SECONDS:
        items.append(dataset[len(items)])
    n = len(items)
    if n < FEW:
        return
    together, again = (pair_of(join(items)) for _ in range(2))
    if together is None or again is None or not torch.equal(together[0], again[0]):
        return
    xs, ys = together
    if len(xs) != n or len(ys) != n or xs.dim() < 2 or bool((ys == ys[0]).all()):
        return
    wrong = 0
    for item in items:
        alone = pair_of(join([item]))
        if alone is None or alone[0].dim() != xs.dim() or len(alone[0]) != 1:
            return
        x, y = alone
        part = tuple(slice(0, size) for size in x.shape[1:])
        if any(size > whole for size, whole in zip(x.shape[1:], xs.shape[1:], strict=True)):
            return
        same = (xs[(slice(None), *part)] == x).flatten(1).all(1).nonzero().flatten().tolist()
        if len(same) != 1:
            continue
        wrong += not torch.equal(ys[same[0]], y[0])
    if wrong > 1:
        text = f"collate_fn gives {wrong} of {n} rows the label of another: inputs and labels leave it in two orders"
        fix = "batch = sorted(batch, key=lambda row: len(row[0]), reverse=True)  # the pairs, before they are taken apart"
        where = (trial.data.join_line,) if trial.data.join_line is not None else ()
        trial.add(RowsTornApart(text, "Pairs that stay together.", fix, where=(*sorting(join), *where)))


def sorting(join: Any) -> tuple[Line, ...]:
    """The line of a collate_fn that sorts."""
    try:
        lines, first = inspect.getsourcelines(join)
        file = inspect.getsourcefile(join) or ""
    except (OSError, TypeError):
        return ()
    found = [first + i for i, line in enumerate(lines) if "sort" in line or "shuffle" in line or "randperm" in line]
    return (line_at(file, found[0]),) if found else ()


def pair_of(batch: Any) -> tuple[Tensor, Tensor] | None:
    """The inputs and the labels of a batch that is a pair of tensors."""
    tensors = list(tensors_in(batch)) if isinstance(batch, (tuple, list)) and len(batch) == 2 else []
    return (tensors[0], tensors[1]) if len(tensors) == 2 and tensors[1].dim() else None
