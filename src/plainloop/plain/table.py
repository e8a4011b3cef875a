"""Table: named typed columns of equal length, as a reader hands them over. Copied into ejected projects.

A column of cells is one of three arrays, chosen by its type:
- `number`, `boolean`, `datetime`: float64 (n,), NaN where the cell is missing (booleans 0/1, datetimes seconds since 1970);
- `category`, `tags`, `text` and labels: `Words`, each distinct word kept once;
- every column of a forecast: `Windows`, one value per time step, of which a row sees a stretch;
- `series`: `Sequences`, a whole series of values in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Words:
    """A column of words: `words[codes[i]]` is the word in row i, code -1 a missing cell.

    Shape: codes (n,) int32; words the distinct words of the whole source, sorted (texts: as they first occur).
    """

    codes: np.ndarray
    words: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray) -> Words:
        return Words(self.codes[rows], self.words)

    def tolist(self) -> list[str | None]:
        """The words as a list, None for missing.

        >>> Words(np.array([1, -1, 0], np.int32), ["no", "yes"]).tolist()
        ['yes', None, 'no']
        """
        return [self.words[code] if code >= 0 else None for code in self.codes.tolist()]

    def present(self) -> list[str]:
        """The distinct words that occur in these rows, sorted."""
        return [self.words[code] for code in np.unique(self.codes).tolist() if code >= 0]


@dataclass(frozen=True)
class Windows:
    """A column of one or more time series, and the places where its rows begin to look ahead; nothing is copied per row.

    Row i sees the `lookback` steps before step `origins[i]`; its target is that step and the ones after it, `horizon` in all.

    Shape: steps (T,) float64 or Words, series after series, each in the order of time; series Words (T,), the series that a step
    is of; origins (n,) int64.
    """

    steps: np.ndarray | Words
    series: Words
    origins: np.ndarray
    lookback: int
    horizon: int

    def __len__(self) -> int:
        return len(self.origins)

    def __getitem__(self, rows: np.ndarray) -> Windows:
        return replace(self, origins=self.origins[rows])

    def used(self) -> np.ndarray:
        """bool (T,): which steps some row sees, in its look-back or its horizon."""
        edges = np.zeros(len(self.series) + 1, np.int64)
        np.add.at(edges, self.origins - self.lookback, 1)
        np.add.at(edges, self.origins + self.horizon, -1)
        return np.cumsum(edges[:-1]) > 0

    def compact(self) -> Windows:
        """The same rows over those steps alone that some row sees."""
        used = self.used()
        place = np.cumsum(used) - 1
        first = place[self.origins - self.lookback] if len(self) else self.origins
        return replace(self, steps=self.steps[used], series=self.series[used], origins=first + self.lookback)


@dataclass(frozen=True)
class Sequences:
    """A column of whole series: row i is `values[starts[i]:ends[i]]`.

    Shape: values (T,) float64; starts, ends (n,) int64.
    """

    values: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: np.ndarray) -> Sequences:
        return Sequences(self.values, self.starts[rows], self.ends[rows])

    @property
    def lengths(self) -> np.ndarray:
        return self.ends - self.starts


Cells = np.ndarray | Words | Windows | Sequences


def is_missing(cells: Cells) -> np.ndarray:
    """bool (n,): which cells are missing; of a window, those without one known value in the horizon."""
    if isinstance(cells, Windows):
        known = np.concatenate([[0], np.cumsum(~is_missing(cells.steps))])
        return known[cells.origins + cells.horizon] == known[cells.origins]
    if isinstance(cells, Sequences):
        return cells.lengths == 0
    return cells.codes < 0 if isinstance(cells, Words) else np.isnan(cells)


def without(cells: Cells, rows: list[int]) -> Cells:
    """The cells with those of some rows missing.

    >>> without(Words(np.array([0, 1], np.int32), ["no", "yes"]), [1]).tolist()
    ['no', None]
    """
    if isinstance(cells, Words):
        codes = cells.codes.copy()
        codes[rows] = -1
        return Words(codes, cells.words)
    assert isinstance(cells, np.ndarray)
    return np.where(np.isin(np.arange(len(cells)), rows), np.nan, cells)


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


def split_tags(cell: str, separator: str) -> list[str]:
    """The labels of a cell, without outer spaces, empty ones left out; of a list such as Python and JSON write it, too.

    >>> split_tags("joy, anger,", ","), split_tags("['joy', 'anger']", ","), split_tags("[]", ",")
    (['joy', 'anger'], ['joy', 'anger'], [])
    """
    cell, inner = cell.strip(), cell.strip()[1:-1]
    written = cell[:1] == "[" and cell[-1:] == "]" and not {"[", "]"} & set(inner)
    parts = [part.strip() for part in (inner if written else cell).split(separator)]
    if written:
        parts = [part[1:-1].strip() if part[:1] in ("'", '"') and part[-1:] == part[:1] else part for part in parts]
    return [label for label in parts if label]
