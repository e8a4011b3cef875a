# needs: polars
"""Texts too many to be Python strings: they stay in the memory of the table they were read from. Copied into ejected projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl


class Texts(Sequence[str]):
    """Texts in polars' memory, where each takes as much room as in the file; read one by one.

    Shape: rows int64 (different texts,), where in the cells each stands.
    """

    def __init__(self, cells: pl.Series, rows: np.ndarray):
        self.cells, self.rows = cells, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> Any:
        return self.cells.gather(self.rows[place]).to_list() if isinstance(place, slice) else self.cells[int(self.rows[place])]
