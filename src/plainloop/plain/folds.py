"""Cross-validation: the test rows of one fold, the same way as the split draws its parts. Copied into ejected projects.

Every row is a test row of exactly one fold, but where rows are ordered by time: there fold k is tested on what comes after the
rows that it may learn from, and the first block of rows is never tested. The folds of a forecast are in split_steps.py.
"""

from __future__ import annotations

import numpy as np

from .config import Split
from .table import Cells, Table, Words

MOST_VALUES = 20  # a number target with more is stratified by tenths of its rows


def fold_of(table: Table, split: Split, targets: list[Cells], pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The test rows of the fold that the split names, and the rows that are left to learn from. Shape: each int64 (n,)."""
    places = PLACES[split.kind](table, split, targets, pool)  # (n,): the fold in which a row is tested
    left = places < split.fold if split.kind == "time" else places != split.fold
    return pool[places == split.fold], pool[left]


def _random(table: Table, split: Split, targets: list[Cells], pool: np.ndarray) -> np.ndarray:
    return _dealt(np.random.default_rng(split.seed).permutation(len(pool)), split.folds)


def _stratified(table: Table, split: Split, targets: list[Cells], pool: np.ndarray) -> np.ndarray:
    """Dealt out class by class, each class in random order."""
    cells = targets[0][pool]
    codes = _codes(cells)
    if isinstance(cells, np.ndarray) and len(np.unique(cells)) > MOST_VALUES:
        codes = np.searchsorted(np.quantile(cells, np.arange(1, 10) / 10), cells)
    order = np.random.default_rng(split.seed).permutation(len(pool))
    return _dealt(order[np.argsort(codes[order], kind="stable")], split.folds)


def _grouped(table: Table, split: Split, targets: list[Cells], pool: np.ndarray) -> np.ndarray:
    """Whole groups, the largest first, each into the fold that has the fewest rows so far."""
    groups, members, sizes = np.unique(_codes(table[split.by])[pool], return_inverse=True, return_counts=True)
    order = np.random.default_rng(split.seed).permutation(len(groups))
    fold_of_group, filled = np.empty(len(groups), np.int64), np.zeros(split.folds, np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of_group[group] = int(filled.argmin())
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[members]


def _by_time(table: Table, split: Split, targets: list[Cells], pool: np.ndarray) -> np.ndarray:
    """One block more than folds, in the order of time; rows of the same time are in the same block. The first is fold -1."""
    times = table[split.by]
    assert isinstance(times, np.ndarray)
    before = np.searchsorted(np.sort(times[pool]), times[pool], side="left")  # rows that are earlier
    return before * (split.folds + 1) // len(pool) - 1


def _codes(cells: Cells) -> np.ndarray:
    """A number for each different cell. Shape: (n,)."""
    if isinstance(cells, Words):
        return cells.codes
    return np.unique(np.asarray(cells), return_inverse=True)[1]


def _dealt(order: np.ndarray, folds: int) -> np.ndarray:
    """Rows in this order, dealt out to the folds one by one."""
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order)) % folds
    return places


PLACES = {"random": _random, "stratified": _stratified, "grouped": _grouped, "time": _by_time}
