"""One batch out of what the user trains on - a DataLoader, a Dataset, tensors or arrays - without moving it on.

Part of the pre-flight, see check.py. A DataLoader's workers are not started: its own sampler, dataset and collate_fn are called,
and the random state of all three is given back by the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, SequentialSampler, Subset, TensorDataset, default_collate

from .check_items import is_number, known_item_fault, unjoined_items, word_column_fix
from .check_lines import Line, call_theirs, function_line, line_of_error, method_line
from .check_problems_data import DataUnusable
from .check_trace import tensors_in

PRIMES = (31, 29, 23, 19, 17, 13, 11, 7, 5, 3)  # numbers of rows that are unlikely to be the size of another axis
SCAN_SECONDS = 0.1  # for reading labels of rows beyond the first batch
LABEL_KEYS = ("label", "labels", "target", "targets", "y")


@dataclass
class Batch:
    """Rows as the model and the loss get them."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    labels: Any
    extras: tuple[Any, ...] = ()
    rebuilt: bool = False  # the labels are the inputs: the model is to give its inputs back
    raw: Any = None  # a dictionary, as the data gave it

    @property
    def inputs(self) -> list[Tensor]:
        return list(tensors_in((self.args, self.kwargs)))

    @property
    def rows(self) -> int:
        sizes = [len(tensor) for tensor in self.inputs if tensor.dim()]
        labels = [len(tensor) for tensor in tensors_in(self.labels) if tensor.dim()]
        if labels and labels[0] in sizes:  # the first input may be texts laid end to end, with an offset for each row
            return labels[0]
        return next(iter([*sizes, *labels]), 0)

    def over(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with every tensor changed; a tensor that stands in two places stays one."""
        done: dict[int, Tensor] = {}

        def one(tensor: Tensor) -> Tensor:
            if id(tensor) not in done:
                done[id(tensor)] = change(tensor)
            return done[id(tensor)]

        parts = [mapped(part, one) for part in (self.args, self.kwargs, self.labels, self.extras)]
        return Batch(parts[0], parts[1], parts[2], parts[3], self.rebuilt, self.raw)

    def fresh(self) -> Batch:
        """A copy that the model may change."""
        return self.over(lambda tensor: tensor.detach().clone())

    @property
    def end_to_end(self) -> bool:
        """Whether rows of different lengths lie end to end in one input, and another says where each begins."""
        longest = max([len(tensor) for tensor in self.inputs if tensor.dim()] or [0])
        starts = [t for t in self.inputs if t.dim() == 1 and len(t) == self.rows < longest and not t.is_floating_point()]
        return any(int(t[0]) == 0 and int(t[-1]) < longest and bool((t[1:] >= t[:-1]).all()) for t in starts)

    def take(self, rows: Tensor) -> Batch:
        """Some rows; a tensor without an axis of rows stays as it is."""
        n = self.rows
        return self.over(lambda t: t.index_select(0, rows.to(t.device)) if t.dim() and len(t) == n else t)


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(item, change) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(item, change) for item in value)
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    return value


@dataclass
class Data:
    """What the user trains on, as far as the check asks: rows, batch size, order, labels."""

    take: Callable[[int], Any]  # a batch of so many rows, as the loop would get it
    num_rows: int | None
    batch_size: int | None = None
    last_rows: int | None = None  # rows of the last batch
    in_order: bool = False  # rows come in the order of the data
    kind: str = "tensors"
    labels: Tensor | None = None  # of all rows, where they are at hand
    whole: list[Tensor] = field(default_factory=list)  # the inputs of all rows, where they are at hand
    line: Line | None = None  # of the dataset's __getitem__
    join_line: Line | None = None  # of the collate_fn
    source: Any = None  # the dataset, where there is one
    join: Callable[[list[Any]], Any] | None = None  # a collate_fn of the user's own


def as_data(data: Any) -> Data:
    """Raises: DataUnusable."""
    if isinstance(data, DataLoader):
        return from_loader(data)
    if isinstance(data, IterableDataset):
        return from_stream(data, None)
    if isinstance(data, torch.utils.data.Dataset) or (hasattr(data, "__getitem__") and not isinstance(data, SEQUENCES)):
        return from_dataset(data)
    if isinstance(data, (tuple, list)) and len(data) == 2 and isinstance(data[0], (tuple, list)) and is_items(data):
        return from_dataset(data)
    if isinstance(data, (Tensor, np.ndarray)):
        data = (data,)
    if isinstance(data, dict) or (isinstance(data, (tuple, list)) and len(data) and not is_items(data)):
        return from_tensors(data)
    if isinstance(data, (tuple, list)) and len(data):
        return from_stream(data, None) if are_batches(data) else from_dataset(data)
    if hasattr(data, "__iter__") and not isinstance(data, (str, bytes)):
        return from_stream(data, None)
    raise DataUnusable(
        f"The data is a {type(data).__name__}",
        "A DataLoader, a Dataset, a pair (X, y) of tensors or arrays, or a path with target=.",
        "plainloop.check(model, (X, y), loss=loss)",
    )


SEQUENCES = (tuple, list, dict, str, Tensor, np.ndarray)


def is_items(data: Sequence[Any]) -> bool:
    """Whether a list holds rows, (x, y) each, rather than the tensors X and y."""
    return len(data) > 3 or all(isinstance(item, (tuple, list)) and len(item) == 2 for item in data)


def are_batches(data: Sequence[Any]) -> bool:
    """Whether the items of a list are batches already: many labels to each."""
    item = data[0]
    pair = isinstance(item, (tuple, list)) and len(item) == 2 and all(isinstance(part, Tensor) for part in item)
    return pair and item[0].dim() > 1 and item[1].dim() in (1, 2) and len(item[0]) == len(item[1]) > 1


def as_tensor(values: Any, what: str) -> Any:
    """Arrays, series and lists of numbers as tensors of their own type. Raises: DataUnusable for words."""
    if isinstance(values, (tuple, list)) and values and any(hasattr(item, "shape") for item in values):
        return type(values)(as_tensor(item, what) for item in values)
    if isinstance(values, dict):
        return {key: as_tensor(item, what) for key, item in values.items()}
    if isinstance(values, Tensor) or values is None:
        return values
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype.kind in "OUS":
        name = "y" if what == "labels" else "X"
        odd = [value for value in array.reshape(-1)[:10_000] if not is_number(value)]
        first = odd[0] if odd else array.reshape(-1)[0] if array.size else ""
        raise DataUnusable(
            f"The {what} are words or objects, not numbers: the first is {str(first)!r}",
            "Numbers: a network computes with nothing else.",
            f"{name} = {name}.astype('float32')" if what != "labels" and not odd else word_column_fix(name, array),
        )
    return torch.from_numpy(np.ascontiguousarray(array) if array.flags.writeable else array.copy())


def from_tensors(data: Any) -> Data:
    """A pair (X, y), a single X, or several inputs and y."""
    parts = as_tensor(data, "inputs") if isinstance(data, dict) else None
    if parts is None:
        last = len(data) - 1
        parts = tuple(as_tensor(part, "labels" if i == last and i else "inputs") for i, part in enumerate(data))
    tensors = list(tensors_in(parts))
    lengths = [len(tensor) for tensor in tensors if tensor.dim()]
    labels = parts[-1] if isinstance(parts, tuple) and len(parts) > 1 else None
    if len(set(lengths)) > 1:
        shapes = " and ".join(str(tuple(tensor.shape)) for tensor in tensors)
        single = len(tensors) == 2 and tensors[0].shape[:2] == (1, lengths[-1])
        swapped = len(tensors) == 2 and tensors[0].dim() == 2 and tensors[0].shape[1] == lengths[-1]
        raise DataUnusable(
            f"Inputs and labels have {' and '.join(map(str, lengths))} rows: their shapes are {shapes}",
            "As many labels as rows, with the rows along the first axis.",
            "X = X.squeeze(0)  # rows first"
            if single
            else "X = X.T  # rows first"
            if swapped
            else "X, y = X[: len(y)], y[: len(X)]  # or find out which rows have no partner",
        )
    if not lengths or not lengths[0]:
        raise DataUnusable("The data has no rows", "At least a few rows.", "print(len(X))  # where the rows got lost")
    n = lengths[0]
    return Data(
        take=lambda rows: mapped(parts, lambda t: t[:rows] if t.dim() and len(t) == n else t),
        num_rows=n,
        kind="tensors",
        labels=labels if isinstance(labels, Tensor) else None,
        whole=tensors[:-1] if labels is not None else tensors,
    )


def read_item(dataset: Any, index: int) -> Any:
    """One item of a Dataset. Raises: DataUnusable where its code fails."""
    try:
        return call_theirs(dataset.__getitem__, index)
    except Exception as error:
        line = line_of_error(error) or method_line(type(dataset), "__getitem__")
        lost = isinstance(error, (IndexError, KeyError)) and index > 0
        expected = "An item for every index from 0 to len(dataset) - 1." if lost else "An item (x, y) for every index."
        if (known := known_item_fault(dataset, index, error, line)) is not None:
            raise known from error
        if isinstance(error, NotImplementedError):
            expected = "A Dataset with the methods __len__ and __getitem__."
        raise DataUnusable(
            f"Item {index} of the dataset cannot be read: {type(error).__name__}: {str(error)[:120]}",
            expected,
            "print(len(dataset)); dataset[len(dataset) - 1]  # reproduces it" if lost else f"dataset[{index}]  # reproduces it",
            where=(line,) if line else (),
        ) from error


def length_of(dataset: Any) -> int:
    try:
        return len(dataset)
    except (TypeError, NotImplementedError) as error:
        raise DataUnusable(
            f"The dataset {type(dataset).__name__} has no length",
            "A map-style Dataset with __len__ and __getitem__.",
            "def __len__(self): return len(self.y)  # in the class of the dataset",
            where=tuple(line for line in [method_line(type(dataset), "__getitem__")] if line),
        ) from error


def from_dataset(dataset: Any, loader: DataLoader | None = None) -> Data:
    n = length_of(dataset)
    if not n:
        raise DataUnusable("The dataset has no rows", "At least a few rows.", "print(len(dataset))  # where the rows got lost")
    join = default_collate if loader is None else loader.collate_fn
    order: list[int] = []

    def take(rows: int) -> Any:
        if not order:
            order.extend(first_rows(loader, n))
        while len(order) < min(rows, n):
            order.append(next(i for i in range(n) if i not in set(order)))
        items = [read_item(dataset, index) for index in order[:rows]]
        return joined(items, order, join, dataset)

    labels = labels_of(dataset)
    if labels is None:
        labels = scanned_labels(dataset, n)
    return Data(
        take=take, num_rows=n, kind="dataset", labels=labels, whole=whole_of(dataset), line=item_line(dataset), source=dataset
    )


def item_line(dataset: Any) -> Line | None:
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return method_line(type(dataset), "__getitem__")


def first_rows(loader: DataLoader | None, n: int) -> list[int]:
    """The rows of the first batch."""
    if loader is None:
        return list(range(min(n, 32)))
    sampler: Any = loader.batch_sampler if loader.batch_sampler is not None else loader.sampler
    found = next(iter(sampler), None)
    if found is None:
        raise DataUnusable(
            f"The DataLoader gives no batch: {n} rows, batch_size={loader.batch_size}, drop_last={loader.drop_last}",
            "At least one batch.",
            "loader = DataLoader(dataset, batch_size=32)  # drop_last=True leaves out a last batch that is not full",
        )
    return [int(index) for index in (found if isinstance(found, (list, tuple, Tensor)) else [found])]


def joined(items: list[Any], order: list[int], join: Callable[[list[Any]], Any], dataset: Any) -> Any:
    """Items as a batch. Raises: DataUnusable with the items that do not go together."""
    try:
        return call_theirs(join, items)
    except Exception as error:
        line = line_of_error(error) or item_line(dataset)
        where = (line,) if line else ()
        kinds = [shape_of(item) for item in items]
        other = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
        if other is not None:
            raise DataUnusable(
                f"Items {order[0]} and {order[other]} of the dataset do not make a batch: {kinds[0]} and {kinds[other]}",
                "Items of one shape, so that they can be stacked.",
                "torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # in a collate_fn, or bring all to one size",
                where=where,
            ) from error
        if (known := unjoined_items(items, kinds[0], dataset, where)) is not None:
            raise known from error
        raise DataUnusable(
            f"Items of the dataset do not make a batch: each is {kinds[0]}; {type(error).__name__}: {str(error)[:100]}",
            "Items of tensors, arrays or numbers.",
            "x = torch.as_tensor(np.asarray(x)).float()  # in __getitem__",
            where=where,
        ) from error


def shape_of(item: Any) -> str:
    if isinstance(item, (tuple, list)):
        return "(" + ", ".join(shape_of(part) for part in item) + ")"
    if hasattr(item, "shape"):
        return f"{type(item).__name__} of shape {tuple(item.shape)}"
    return type(item).__name__


def labels_of(dataset: Any) -> Tensor | None:
    """The labels of all rows, where a dataset holds them as one tensor."""
    if isinstance(dataset, Subset):
        labels = labels_of(dataset.dataset)
        return None if labels is None else labels[torch.as_tensor(list(dataset.indices))]
    if isinstance(dataset, TensorDataset):
        return dataset.tensors[-1] if len(dataset.tensors) > 1 else None
    return None


def whole_of(dataset: Any) -> list[Tensor]:
    return list(dataset.tensors[:-1] or dataset.tensors) if isinstance(dataset, TensorDataset) else []


def scanned_labels(dataset: Any, n: int) -> Tensor | None:
    """Labels of rows from the whole dataset, as many as can be read in a moment."""
    begun, found = time.perf_counter(), []
    for index in {n - 1: 0, **dict.fromkeys(torch.linspace(0, n - 1, min(n, 512)).long().tolist())}:
        item = read_item(dataset, index)
        label = item[1] if isinstance(item, (tuple, list)) and len(item) == 2 else None
        if not isinstance(label, (int, float, Tensor, np.generic, np.ndarray)) or isinstance(label, bool):
            return None
        found.append(torch.as_tensor(label))
        if time.perf_counter() - begun > SCAN_SECONDS:
            break
    return torch.stack(found) if len({(label.shape, label.dtype) for label in found}) == 1 else None


def from_loader(loader: DataLoader) -> Data:
    if isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        return from_stream(loader, loader)
    data = from_dataset(loader.dataset, loader)
    data.kind, data.batch_size = "loader", loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    drawn = len(loader.sampler) if hasattr(loader.sampler, "__len__") else data.num_rows  # type: ignore[arg-type]
    if data.batch_size and drawn:
        data.last_rows = data.batch_size if loader.drop_last else (drawn % data.batch_size or data.batch_size)
    sampler: Any = loader.sampler
    data.join_line = function_line(loader.collate_fn)
    data.join = loader.collate_fn if data.join_line is not None else None
    data.in_order = isinstance(sampler, SequentialSampler)
    return data


def from_stream(stream: Any, loader: DataLoader | None) -> Data:
    """Whatever can only be iterated: its first batch, cut where it is longer."""
    if iter(stream) is stream:
        raise DataUnusable(
            f"The data is a {type(stream).__name__}, which can be read only once",
            "Something that can be read again: a DataLoader, a Dataset or tensors.",
            "plainloop.check(model, loader, loss=loss)  # the DataLoader itself, not iter(loader)",
        )
    first: list[Any] = []

    def take(rows: int) -> Any:
        if not first:
            quiet = stream
            if loader is not None and loader.num_workers:  # without its processes
                quiet = DataLoader(loader.dataset, batch_size=loader.batch_size, collate_fn=loader.collate_fn)
            try:
                first.append(call_theirs(lambda: next(iter(quiet), None)))
            except Exception as error:
                line = line_of_error(error)
                text = f"The first batch cannot be read: {type(error).__name__}: {str(error)[:120]}"
                fix = "next(iter(loader))  # reproduces it"
                raise DataUnusable(text, "A batch (x, y).", fix, where=(line,) if line else ()) from error
        if first[0] is None:
            raise DataUnusable("The data has no batches", "At least one batch.", "next(iter(loader))  # reproduces it")
        tensors = [tensor for tensor in tensors_in(first[0]) if tensor.dim()]
        n = len(tensors[0]) if tensors else 0
        return mapped(first[0], lambda t: t[:rows] if t.dim() and len(t) == n else t)

    return Data(take=take, num_rows=None, kind="stream", batch_size=loader.batch_size if loader is not None else None)
