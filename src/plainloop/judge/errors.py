"""The worst errors: the test rows that the net got most wrong, with their cells, so that a person can look at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ..plain.config import Column
from ..plain.readers.containers import short_name
from ..plain.table import Sequences, Table, Words
from .scored import Scored
from .series_summary import in_words

MISSING = "(missing)"


@dataclass(frozen=True)
class Error:
    """One row: its number in the table (from 0, as in predictions.csv), what was said, what was true, its cells in words."""

    row: int
    truth: str
    predicted: str
    loss: float
    said: float | None  # probability that the net gave to its prediction; None for numbers and label sets
    cells: dict[str, str]


def worst(outcome: Any, scored: Scored, *, part: str = "test", most: int = 10) -> list[Error]:
    """The `most` rows of highest loss, worst first; ties in the order of the rows."""
    return errors_of(outcome, scored, np.argsort(-scored.losses, kind="stable")[:most], part=part)


def errors_of(outcome: Any, scored: Scored, order: np.ndarray, *, part: str = "test") -> list[Error]:
    """The rows at these places of the part, in this order."""
    rows = outcome.split[part][order]
    found = []
    for place, row in zip(order.tolist(), rows.tolist(), strict=True):
        said = float(scored.per_class[place, scored.predicted[place]]) if scored.kind in ("Binary", "Multiclass") else None
        cells = {column.name: cell(outcome.table, column, row) for column in outcome.config.inputs}
        found.append(
            Error(
                row,
                scored.words(scored.truth[place]),
                scored.words(scored.predicted[place]),
                float(scored.losses[place]),
                said,
                cells,
            )
        )
    return found


def cell(table: Table, column: Column, row: int) -> str:
    """One cell in words."""
    cells = table[column.name]
    if column.type == "image":
        return file_name(cells, row, folders=1)
    if isinstance(cells, Words):
        code = int(cells.codes[row])
        return cells.words[code] if code >= 0 else MISSING
    if isinstance(cells, Sequences):
        return in_words(cells.values[cells.starts[row] : cells.ends[row]])
    value = float(np.asarray(cells)[row])
    if not np.isfinite(value):
        return MISSING
    if column.type == "datetime":
        return datetime.fromtimestamp(value, UTC).isoformat(sep=" ").removesuffix("+00:00").removesuffix(" 00:00:00")
    if column.type == "boolean":
        return "yes" if value else "no"
    return f"{value:.6g}"


def file_name(cells: Any, row: int, folders: int = 0) -> str:
    """What the picture of a row is called, as containers.short_name has it.

    >>> words = Words(np.array([0, 1]), ["/home/me/photos/cat/1.jpg", "t10k-images-idx3-ubyte.gz::00017"])
    >>> file_name(words, 0), file_name(words, 0, folders=1), file_name(words, 1)
    ('1.jpg', 'cat/1.jpg', '00017')
    """
    code = int(cells.codes[row])
    if code < 0:
        return MISSING
    return short_name(cells.words[code], folders)
