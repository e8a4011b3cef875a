"""Which rows train, which choose the best epoch, which are scored once: row numbers, seeded. Copied into ejected projects.

Parts of the source that are files of their own (--validation, --test) are taken as they are; the rest is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .config import Split
from .faults import Fault
from .folds import PLACES, fold_of
from .split_steps import by_steps
from .table import Cells, Table, Words, is_missing

MOST_VALUES = 20  # a number target with more is stratified by tenths of its rows
WHAT_STAYS_TOGETHER = {"grouped": "group", "time": "time", "steps": "window"}


@dataclass(eq=False)
class NoRowsLeft(Fault):
    """The split leaves no rows to train on, or none to choose the best epoch by.

    What it does: refuses shares that take all rows, and groups or times that are too few for the parts.
    Why: without train rows nothing is learned, without validation rows nobody knows when to stop.
    Example: `plainloop train visits.csv --target cost --group city` where there are two cities
    Fix: other shares, another split, or a validation file of its own.
    """

    part: str
    split: Split
    rows: int  # that were to be divided

    def __post_init__(self) -> None:
        shares = f"validation {self.split.validation:g}, test {self.split.test:g}"
        self.what = f"The {self.split.kind} split of {self.rows} rows (shares: {shares}) leaves no {self.part} rows."
        self.expected = "At least one row in each of train and validation."
        if self.split.folds:
            self.what = f"{self.split.folds} folds of {self.rows} rows leave no {self.part} rows in fold {self.split.fold + 1}."
            self.expected = "At least one row of train, validation and test in each fold."
        together = WHAT_STAYS_TOGETHER.get(self.split.kind, "")
        if together:
            self.why = f"Rows of one {together} stay together, and {self.split.by} has too few of them."
        self.fix = "train with other shares, as --validation 0.15 --test 0.15" + (", or with --split random" if together else "")
        if self.split.folds:
            self.fix = "train with fewer folds, as --folds 2" + (", or with --split random" if together else "")

    @classmethod
    def example(cls) -> NoRowsLeft:
        return cls("train", Split(kind="grouped", by="city"), 600)


def split_rows(table: Table, split: Split, targets: list[Cells]) -> dict[str, np.ndarray]:
    """Row numbers of the train, validation and test rows, each sorted; rows without a target are in none of them.

    Shape: each int64 (n,).
    Raises: NoRowsLeft.
    """
    usable = np.ones(len(table), bool)
    for cells in targets:
        usable &= ~is_missing(cells)
    rows = {
        part: np.fromiter(numbers, np.int64, len(numbers))[usable[numbers.start : numbers.stop]]
        for part, numbers in table.parts.items()
    }
    pool = rows["data"]
    shares = {"test": 0.0 if "test" in rows else split.test, "validation": 0.0 if "validation" in rows else split.validation}
    if len(pool) == 0 or sum(shares.values()) >= 1:
        raise NoRowsLeft("train", split, len(pool))
    if split.folds and split.kind in PLACES:  # those of a forecast are in its borders
        rows["test"], pool = fold_of(table, split, targets, pool)
        shares["test"] = 0.0
        if len(rows["test"]) == 0 or len(pool) == 0:
            raise NoRowsLeft("test" if len(pool) else "train", split, len(rows["data"]))
    drawn = _DRAWS[split.kind](table, split, targets, pool, shares)
    parts = {
        "train": drawn["train"],
        "validation": rows.get("validation", drawn["validation"]),
        "test": rows.get("test", drawn["test"]),
    }
    for name in ("train", "validation"):
        if len(parts[name]) == 0:
            raise NoRowsLeft(name, split, len(pool))
    return {name: np.sort(numbers) for name, numbers in parts.items()}


def _cut(ordered: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """The first share is the test rows, the next the validation rows, the rest trains; a share above 0 gets at least one row."""
    num_test, num_validation = (
        max(1, round(len(ordered) * share)) if share else 0 for share in (shares["test"], shares["validation"])
    )
    return {
        "test": ordered[:num_test],
        "validation": ordered[num_test : num_test + num_validation],
        "train": ordered[num_test + num_validation :],
    }


def _random(
    table: Table, split: Split, targets: list[Cells], pool: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    return _cut(np.random.default_rng(split.seed).permutation(pool), shares)


def _stratified(
    table: Table, split: Split, targets: list[Cells], pool: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """Each class keeps its share in every part; the last row of a class always trains."""
    cells = targets[0][pool]
    assert isinstance(cells, (np.ndarray, Words))
    codes = cells.codes if isinstance(cells, Words) else np.unique(cells, return_inverse=True)[1]
    if not isinstance(cells, Words) and len(np.unique(cells)) > MOST_VALUES:
        codes = np.searchsorted(np.quantile(cells, np.arange(1, 10) / 10), cells)
    random = np.random.default_rng(split.seed)
    parts: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for code in np.unique(codes):
        rows = random.permutation(pool[codes == code])
        for name, share in shares.items():
            # rounding up or down at random keeps the expected size of every part, however many rare classes there are
            count = min(int(len(rows) * share / _left(shares, name) + random.random()), len(rows) - 1) if share else 0
            parts[name].append(rows[:count])
            rows = rows[count:]
        parts["train"].append(rows)
    for name in ("validation", "test"):
        largest = max(range(len(parts["train"])), key=lambda place: len(parts["train"][place]))
        spare = parts["train"][largest]
        if shares[name] and len(spare) > 1 and sum(map(len, parts[name])) == 0:  # every class is too small for its share
            parts[name], parts["train"][largest] = [spare[:1]], spare[1:]
    return {name: np.concatenate(pieces) for name, pieces in parts.items()}


def _left(shares: dict[str, float], name: str) -> float:
    """The share of all rows that is still there when it is the turn of `name`."""
    return 1.0 - (shares["test"] if name == "validation" else 0.0)


def _grouped(
    table: Table, split: Split, targets: list[Cells], pool: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """Rows of one group stay together: whole groups are drawn; one that is larger than a part should be trains."""
    cells = table[split.by]
    assert isinstance(cells, (np.ndarray, Words))
    keys = cells.codes if isinstance(cells, Words) else np.unique(cells, return_inverse=True)[1]
    groups, members, sizes = np.unique(keys[pool], return_inverse=True, return_counts=True)
    order = np.random.default_rng(split.seed).permutation(len(groups))
    order = order[np.argsort(sizes[order] > max(shares.values()) * len(pool), kind="stable")]
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(groups))
    by_group = pool[np.argsort(place[members], kind="stable")]
    return _cut_at(by_group, np.concatenate([[0], np.cumsum(sizes[order])]), shares)


def _by_time(
    table: Table, split: Split, targets: list[Cells], pool: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """The latest rows are the test rows, those before them the validation rows; equal times stay together."""
    times = table[split.by]
    assert isinstance(times, np.ndarray)
    latest_first = pool[np.argsort(-times[pool], kind="stable")]
    edges = np.flatnonzero(np.diff(times[latest_first])) + 1
    return _cut_at(latest_first, np.concatenate([[0], edges, [len(pool)]]), shares)


def _cut_at(ordered: np.ndarray, edges: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """Like `_cut`, but only at the given edges: those nearest to the shares that leave something for the parts to come."""

    def nearest(wanted: float, first: int, last: int) -> int:
        allowed = edges[first : max(first, last) + 1]
        return int(allowed[np.argmin(np.abs(allowed - wanted))]) if len(allowed) else len(ordered)

    test = validation = 0
    last = len(edges) - 2  # the edge before the last one, so that the train rows are not empty
    if shares["test"]:
        test = validation = nearest(len(ordered) * shares["test"], 1, last - (shares["validation"] > 0))
    if shares["validation"]:
        validation = nearest(test + len(ordered) * shares["validation"], int(np.searchsorted(edges, test)) + 1, last)
    return {"test": ordered[:test], "validation": ordered[test:validation], "train": ordered[validation:]}


_DRAWS = {"random": _random, "stratified": _stratified, "grouped": _grouped, "time": _by_time, "steps": by_steps}
