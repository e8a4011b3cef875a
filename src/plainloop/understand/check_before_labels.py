"""What can be seen of the rows and their labels before the model runs: labels there, of a kind, in some order, one to a row.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

from torch import Tensor, nn

from .check_batch import Batch, Data
from .check_before import maybe
from .check_finding import Finding
from .check_lines import Line, Script, line_at
from .check_problems_data import DataUnusable, LabelsSorted, OneLabelOnly
from .check_problems_model import WrongInputShape
from .check_trace import tensors_in
from .check_trial import Trial
from .check_written import rewritten

WITH_LABELS = ("binary", "multiclass", "multilabel", "regression")


def label_order(trial: Trial) -> None:
    """Labels that are all alike, or rows sorted by label that are not shuffled."""
    labels, first = trial.data.labels, trial.batch.labels
    if labels is None or labels.numel() != len(labels) or trial.inside or len(labels) < 3:
        return
    values = labels.unique()
    if labels.is_floating_point() and (len(values) > 2 or not bool(((values == 0) | (values == 1)).all())):
        return
    asked = {id(tensor) for call in trial.tape.calls for tensor in call.tensors}  # a loss of two views asks for no labels
    if len(values) == 1 and any(id(tensor) in asked for tensor in tensors_in(trial.handed.labels)):
        trial.add(
            OneLabelOnly(
                f"All {len(labels)} labels that were read are {int(values[0])}",
                "Labels that differ.",
                f"print({trial.data_name(1)}.unique(return_counts=True))",
                where=trial.data_line(1),
            )
        )
    elif trial.data.in_order and trial.data.kind == "loader" and isinstance(first, Tensor) and first.numel() == len(first):
        size = trial.data.batch_size or 32
        first = first.flatten()[:size]  # as many as the loop would get
        if len(first) >= 8 and bool((first == first[0]).all()) and (trial.data.num_rows or 0) > size and len(values) > 1:
            trial.add(
                LabelsSorted(
                    f"The rows come sorted by label: the first batch has class {int(first[0])} alone, of {len(values)}",
                    "Batches with rows of all classes.",
                    f"loader = DataLoader(dataset, batch_size={size}, shuffle=True)",
                    where=maybe(trial.script.of(1, "data")),
                )
            )


def no_labels(data: Data, batch: Batch, task: str | None, loss: Any, script: Script) -> Finding | None:
    """Data without labels, for a task or a loss that needs some."""
    needs = isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)) or task in WITH_LABELS
    if batch.rebuilt and needs:
        where = maybe(data.line or script.of(1, "data"))
        return DataUnusable(
            "The data has inputs and no labels",
            "Pairs (x, y).",
            "return self.x[i], self.y[i]  # in __getitem__; or TensorDataset(X, y)",
            where=where,
        )
    words = [label for label in flat(batch.labels) if isinstance(label, str)]
    if words:
        where = maybe(data.line or script.data(1)[1])
        return DataUnusable(
            f"The labels are words, not numbers: the first is {words[0]!r}",
            "Class numbers.",
            "y = classes.index(word)  # in __getitem__, with classes = sorted(set(words))",
            where=where,
        )
    for part, what in ((batch.args, "inputs"), (batch.labels, "labels")):
        odd = [value for value in flat(part) if value is not None and not isinstance(value, (Tensor, int, float, bool))]
        if odd:
            return DataUnusable(
                f"The {what} are {type(odd[0]).__name__} objects, not tensors",
                "Tensors.",
                "x = torch.as_tensor(x)",
                where=maybe(data.line),
            )
    return None


def flat(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [item for part in value for item in flat(part)]
    return [item for part in value.values() for item in flat(part)] if isinstance(value, dict) else [value]


def like_labels(tensor: Tensor) -> bool:
    return tensor.dim() == 1 and not tensor.is_floating_point()


def like_inputs(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.dim() > 1 and tensor.shape[1:].numel() > 1


def rows_agree(batch: Batch, data: Data, script: Script) -> Finding | None:
    """As many labels as inputs in a batch."""
    first = batch.inputs[0] if len(batch.inputs) == 1 else None
    second = batch.labels if isinstance(batch.labels, Tensor) else None
    if first is not None and second is not None and like_labels(first) and like_inputs(second) and not batch.rebuilt:
        got = f"whole numbers of shape {tuple(first.shape)} first, then floats of shape {tuple(second.shape)}"
        text, fix = f"The batch has {got}: labels and inputs are swapped", "return x, y  # in __getitem__"
        return WrongInputShape(text, "Pairs (x, y).", fix, where=maybe(data.line or script.of(1, "data")))
    columns = batch.args[0] if len(batch.args) == 1 and isinstance(batch.args[0], list) and data.join is None else []
    if len(columns) > 1 and data.line is not None and all(isinstance(c, Tensor) and c.dim() == 1 for c in columns):
        code = re.sub(r"^return (.+), ([^,]+)$", r"return torch.tensor(\1), \2", data.line.code)
        got = f"The inputs of an item are a list of {len(columns)} numbers"
        text = f"{got}: a batch of them is {len(columns)} tensors, one per column"
        fix = code if code != data.line.code else "return torch.tensor(x), y"
        return WrongInputShape(text, "One tensor per item.", fix, where=(data.line,))
    sizes = {len(tensor) for tensor in batch.inputs if tensor.dim()}
    labels = [tensor for tensor in tensors_in(batch.labels) if tensor.dim()]
    if labels and sizes and len(labels[0]) not in sizes:
        listed_rows = next((a for a in batch.args if isinstance(a, (list, tuple)) and len(a) == len(labels[0])), None)
        if listed_rows is not None:
            return WrongInputShape(
                f"The inputs of a batch are a {type(listed_rows).__name__} of {len(listed_rows)} tensors, not one tensor",
                "One tensor of all rows.",
                "xs = torch.stack(xs)  # in collate_fn, before it is returned",
                where=maybe(data.join_line),
            )
        if data.join is not None and batch.inputs[0].dim() > 1 and batch.inputs[0].shape[1] == len(labels[0]):
            line, fix = joining(data)
            got = f"the inputs have shape {tuple(batch.inputs[0].shape)}, for {len(labels[0])} labels"
            text = f"collate_fn puts the rows second: {got}"
            fix = fix or "xs = xs.transpose(0, 1)  # in collate_fn, before they are returned"
            return WrongInputShape(text, "Rows along the first axis.", fix, where=maybe(line or data.join_line))
        shapes = f"inputs of shape {tuple(batch.inputs[0].shape)}, labels of shape {tuple(labels[0].shape)}"
        return WrongInputShape(
            f"The batch has {shapes}",
            "Rows along the first axis of both.",
            "X = X.T  # rows first",
            where=maybe(data.join_line or script.data(0)[1]),
        )
    return None


def joining(data: Data) -> tuple[Line | None, str]:
    """The line of a collate_fn that joins rows along the wrong axis, and the line that joins them along the first."""
    try:
        lines, first = inspect.getsourcelines(data.join)  # type: ignore[arg-type]
        file = inspect.getsourcefile(data.join) or ""  # type: ignore[arg-type]
    except (OSError, TypeError):
        return None, ""
    for place, text in enumerate(lines):
        line = line_at(file, first + place)
        if "pad_sequence(" in text:
            return line, rewritten(line.code, "pad_sequence", first_axis)
        if "stack(" in text and re.search(r"(dim|axis)=1|, 1\)", text):
            return line, re.sub(r"(dim|axis)=1", r"\1=0", line.code).replace(", 1)", ", 0)")
    return None, ""


def first_axis(call: ast.Call) -> ast.expr:
    words = [word for word in call.keywords if word.arg != "batch_first"]
    return ast.Call(call.func, call.args, [*words, ast.keyword("batch_first", ast.Constant(True))])
