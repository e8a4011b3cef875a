"""Which rows a run was trained on: a 64-bit key for each, kept in the run folder, so that `evaluate` knows them again.

A key is made of the cells that the run reads, inputs and targets, as they are typed. Of a forecast each time step has one, of its
time, its series and its targets. training.py writes the keys at the end; use.py and use_series.py ask for them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .plain.checkpoint import write_file
from .problems import Notice
from .run_files import content_of
from .use_problems import RowsTrainedOn

if TYPE_CHECKING:
    from .run_folder import Run

FILE = "trained_rows.npy"
FEWEST = 10  # rows that were not trained on, for a figure of their own
TWICE = 2.0  # times as many equal rows as the run's own test part has: more than chance


def write_keys(outcome: Any, folder: Path) -> float:
    """Writes the keys of the train rows; gives the share of the run's other rows that are equal to one of them."""
    config, table, split = outcome.config, outcome.table, outcome.split
    kept = np.unique(keys_of(config, table, split["train"]))
    content = io.BytesIO()
    np.save(content, kept)
    write_file(folder / FILE, content.getvalue())
    others = np.concatenate([split["validation"], split["test"]])
    again = seen_in(config, table, others, kept) if len(others) else np.zeros(0, bool)
    return float(again.mean()) if len(again) else 0.0


def again(run: Run, table: Any, figure: Any) -> list[Notice]:
    """What there is to say of rows that the run was trained on.

    figure: of the places of some rows in the table, the value of the headline metric.
    """
    if not (run.folder / FILE).exists():  # a run of older code
        return []
    kept = content_of(run.folder, FILE, lambda data: np.load(io.BytesIO(data)))
    found = seen_in(run.config, table, np.arange(len(table)), kept)
    usual = float(run._content["result"].get("recurring", 0.0))
    if not found.any() or found.sum() <= TWICE * usual * len(found):
        return []
    others = np.flatnonzero(~found)
    value = figure(others) if len(others) >= FEWEST else None
    windows = run.config.source.reader == "series"
    return [
        RowsTrainedOn(str(run.folder), int(found.sum()), len(found), windows, run.preparation.task.headline, value, len(others))
    ]


def seen_in(config: Any, table: Any, rows: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which rows have a key among those kept; of a forecast, those with such a step in their horizon. Shape: bool (n,)."""
    windows = table[config.targets[0].name]
    if not hasattr(windows, "origins"):
        return np.isin(keys_of(config, table, rows), kept)
    steps, known = step_keys(config, table)
    seen = np.isin(steps, kept) & known
    return seen[windows.origins[rows][:, None] + np.arange(windows.horizon)].any(1)


def keys_of(config: Any, table: Any, rows: np.ndarray) -> np.ndarray:
    """The keys of rows, or of the steps that the windows of a forecast look ahead to. Shape: uint64 (n,)."""
    windows = table[config.targets[0].name]
    if hasattr(windows, "origins"):
        steps, known = step_keys(config, table)
        ahead = np.unique(windows.origins[rows][:, None] + np.arange(windows.horizon))
        return steps[ahead[known[ahead]]]
    names = sorted(column.name for column in config.columns if column.role in ("input", "target"))
    return together([words_of(table[name][rows]) for name in names if name in table.columns], len(rows))


def step_keys(config: Any, table: Any) -> tuple[np.ndarray, np.ndarray]:
    """The key of every step of a forecast, and whether one of its targets is known. Shape: uint64 (T,), bool (T,)."""
    targets = [np.asarray(table[column.name].steps) for column in config.targets]
    windows = table[config.targets[0].name]
    clock = [np.asarray(table[column.name].steps) for column in config.columns if column.role == "time"]
    # without a clock a value alone would be found again by chance: those before it tell its place
    before = [np.roll(values, shift) for values in targets for shift in range(1, 6)] if not clock else []
    parts = [words_of(values) for values in [*clock[:1], *targets, *before]]
    known = np.logical_or.reduce([np.isfinite(values) for values in targets])
    return together([words_of(windows.series), *parts], len(windows.series)), known


def words_of(cells: Any) -> np.ndarray:
    """Each cell as 64 bits. Shape: uint64 (n,)."""
    if hasattr(cells, "words"):
        used = np.unique(cells.codes)
        made = np.zeros(int(used.max(initial=-1)) + 2, np.uint64)  # the last one is for missing cells, whose code is -1
        made[used[used >= 0]] = digests(cells.words[code].encode() for code in used[used >= 0].tolist())
        return made[cells.codes]
    if hasattr(cells, "starts"):
        pairs = zip(cells.starts.tolist(), cells.ends.tolist(), strict=True)
        return digests(cells.values[start:end].tobytes() for start, end in pairs)
    values = np.asarray(cells, np.float64) + 0.0  # no -0
    return np.where(np.isnan(values), np.nan, values).view(np.uint64)


def digests(cells: Iterable[bytes]) -> np.ndarray:
    """64 bits of each cell; the cells are made one by one, for long texts take their room again."""
    return np.frombuffer(b"".join(blake2b(cell, digest_size=8).digest() for cell in cells), "<u8").astype(np.uint64)


def together(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """One key out of those of several columns. Shape: uint64 (n,).

    >>> one, other = (together([np.array(cells, np.uint64)] * 2, 2) for cells in ([1, 2], [2, 1]))
    >>> (one == other[::-1]).all(), one[0] == one[1]
    (True, False)
    """
    keys = np.full(rows, 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:  # the steps of splitmix64: G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014
        keys = (keys ^ column) + np.uint64(0x9E3779B97F4A7C15)
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        keys ^= keys >> np.uint64(31)
    return keys
