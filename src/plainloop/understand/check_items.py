"""Items of a Dataset that cannot be read: what is behind the errors of pandas and NumPy that everybody meets.

Part of the pre-flight, see check.py; `known_item_fault` is asked by check_batch.py before the general text.
"""

from __future__ import annotations

import re
from typing import Any

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
