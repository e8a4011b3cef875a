"""Items of a Dataset that cannot be read: what is behind the errors of pandas and NumPy that everybody meets.

Part of the pre-flight, see check.py; `known_item_fault` is asked by check_batch.py before the general text.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .check_lines import Line, method_line
from .check_problems_data import DataUnusable


def known_item_fault(dataset: Any, index: int, error: Exception, line: Line | None) -> DataUnusable | None:
    """A finding with the cause and the corrected line, for what is known; None for the rest."""
    where = (line,) if line is not None else ()
    code = line.code if line is not None else ""
    if isinstance(error, TypeError) and "numpy.object_" in str(error):
        return DataUnusable(
            f"Item {index} of the dataset holds words or objects, not numbers alone (an array of type object)",
            "Numbers: columns of words become columns of 0 and 1, or numbers of classes.",
            'df = pd.get_dummies(df).astype("float32")  # before the dataset is made of it',
            where=where,
        )
    if isinstance(error, KeyError) and (names := by_label(dataset, code)):
        fix = code
        for name in names:
            fix = re.sub(rf"\bself\.{name}\[", f"self.{name}.iloc[", fix)
        return DataUnusable(
            f"Item {index} of the dataset cannot be read: self.{names[0]} is of pandas and looks for a row called {index}",
            "Rows by their place: after a split or a filter the labels have gaps.",
            fix,
            where=where,
        )
    if isinstance(error, IndexError) and (
        found := re.search(r"index (\d+) is out of bounds for \w+ 0 with size (\d+)", str(error))
    ):
        rows, begun = int(found[2]), method_line(type(dataset), "__len__")
        if rows == len(dataset):
            fix = re.sub(r"\[(\w+) \+ 1\]", r"[\1]", code)
            text = f"Item {index} of the dataset asks for row {found[1]}, and there are rows 0 to {rows - 1}"
            expected = "Rows that are there; or a length that is shorter by as much as an item looks ahead."
            return DataUnusable(text, expected, fix if fix != code else f"return {rows - 1}  # in __len__", where=where)
        return DataUnusable(
            f"The dataset says that it has {len(dataset)} rows, and has {rows}: item {index} cannot be read",
            f"A length of {rows}.",
            f"return {length_in(dataset, rows)}  # in __len__",
            where=((begun,) if begun is not None else ()) + where,
        )
    return None


def by_label(dataset: Any, code: str) -> list[str]:
    """Attributes of pandas that a line reads by label: self.y[i]."""
    held = {name: value for name, value in vars(dataset).items() if hasattr(value, "iloc")}
    return [name for name in held if re.search(rf"\bself\.{name}\[", code)]


def length_in(dataset: Any, rows: int) -> str:
    """An attribute that has so many rows."""
    sized = [name for name, value in vars(dataset).items() if hasattr(value, "__len__") and len(value) == rows]
    return f"len(self.{sized[-1]})" if sized else str(rows)


def unjoined_items(items: list[Any], kind: str, dataset: Any, where: tuple[Line, ...]) -> DataUnusable | None:
    """A finding for items that are nothing, or pictures that are no tensors yet."""
    if items[0] is None:
        text = "__getitem__ of the dataset gives None: its return is missing"
        begun = method_line(type(dataset), "__getitem__", returns=False)
        return DataUnusable(
            text, "A pair (x, y) for every index.", "return x, y  # at the end of __getitem__", where=where or maybe(begun)
        )
    if "Image" in kind:
        made = "torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255"
        text = f"Items of the dataset do not make a batch: each is {kind}, a picture that is no tensor yet"
        return DataUnusable(text, "A tensor (channels, height, width).", f"picture = {made}  # in __getitem__", where=where)
    return None


def maybe(line: Line | None) -> tuple[Line, ...]:
    return (line,) if line is not None else ()


def is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def word_column_fix(name: str, array: np.ndarray) -> str:
    """The line that makes numbers of the words of a column."""
    columns = [i for i in range(array.shape[1]) if not all(map(is_number, array[:1000, i]))] if array.ndim == 2 else []
    if not columns:
        return f"{name} = torch.tensor([sorted(set({name})).index(v) for v in {name}])"
    column = f"{name}[:, {columns[0]}]"
    return f"{column} = np.unique({column}, return_inverse=True)[1]; {name} = {name}.astype('float32')"
