"""Table: named typed columns of equal length, as a reader hands them over. Copied into ejected projects.

A column of cells is one of three arrays, chosen by its type:
- `number`, `boolean`, `datetime`: float64 (n,), NaN where the cell is missing (booleans 0/1, datetimes seconds since 1970);
- `category`, `tags`, `text` and labels: `Words`, each distinct word kept once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Words:
    """A column of words: `words[codes[i]]` is the word in row i, code -1 a missing cell.

    Shape: codes (n,) int32; words a list of the distinct words of the whole source, sorted.
    """

    codes: np.ndarray
    words: list[str]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray) -> Words:
        return Words(self.codes[rows], self.words)

    def tolist(self) -> list[str | None]:
        """The words as a list, None for missing.

        >>> Words(np.array([1, -1, 0], np.int32), ["no", "yes"]).tolist()
        ['yes', None, 'no']
        """
        lookup = [*self.words, None]  # code -1 is the last entry
        return [lookup[code] for code in self.codes.tolist()]

    def present(self) -> list[str]:
        """The distinct words that occur in these rows, sorted."""
        return [self.words[code] for code in np.unique(self.codes).tolist() if code >= 0]


Cells = np.ndarray | Words


def is_missing(cells: Cells) -> np.ndarray:
    """bool (n,): which cells are missing."""
    return cells.codes < 0 if isinstance(cells, Words) else np.isnan(cells)


@dataclass(frozen=True)
class Table:
    """Named columns of equal length, and which rows came from which part of the source (--validation and --test files)."""

    columns: dict[str, Cells]
    parts: dict[str, range]  # part of the source -> row numbers, e.g. {"data": range(0, 891)}

    def __len__(self) -> int:
        return max((part.stop for part in self.parts.values()), default=0)

    def __getitem__(self, name: str) -> Cells:
        return self.columns[name]

    def rows(self, rows: np.ndarray) -> Table:
        """The table of the given row numbers (int64), in their order."""
        return Table({name: cells[rows] for name, cells in self.columns.items()}, {"data": range(len(rows))})
