"""Checks of rows, splits and columns together, before training: copies, leaks, groups, imbalance.

Cheap by hashing rows and by binning columns; the dearer checks look at no more than 50,000 train rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..plain.config import Column, Source
from ..plain.readers.tables import number
from ..problems import Notice
from .column_types import ColumnGuess
from .infer import Schema, loaded_of
from .quality_problems import (
    ConflictingLabels,
    CopiesAcrossSplit,
    CopyOfTarget,
    GroupsAcrossSplit,
    LeakingColumn,
    LeakingSum,
    RareClass,
    SkewedTarget,
)

MOST_ROWS = 20_000
MOST_BINS = 512
GROUP_NAME = re.compile(
    r"(^|[\W_])(patient|subject|user|customer|client|person|participant|speaker|household|family|driver)"
    r"([\W_]?(id|no|nr|number|name|code|key))?$|(^|[\W_])id$|(?-i:[a-z]I[Dd]$)",
    re.IGNORECASE,
)

Rows = np.ndarray


@dataclass(frozen=True)
class _Case:
    frame: pl.DataFrame
    schema: Schema
    split: Mapping[str, Rows]
    source: Source | None
    inputs: list[ColumnGuess]
    targets: list[ColumnGuess]

    @property
    def data(self) -> str:
        return self.source.data[0] if self.source else "DATA"

    @property
    def names(self) -> list[str]:
        return [made.name for made in self.targets]

    @property
    def decimal(self) -> str:
        return self.source.decimal if self.source else "."

    def places(self, *rows: int) -> tuple[str, ...]:
        loaded = loaded_of(self.source) if self.source else None
        return tuple(loaded.place(int(row)) if loaded else f"row {row + 1}" for row in rows)

    def sample(self) -> Rows:
        """At most MOST_ROWS train rows, the same each time, in random order."""
        train = self.split["train"]
        return np.random.default_rng(0).permutation(train)[:MOST_ROWS]


def check(
    frame: pl.DataFrame, schema: Schema, split: Mapping[str, Rows], source: Source | None = None, *, allow_leak: bool = False
) -> list[Notice]:
    """What should be said before training on this table with this split. Raises `CopyOfTarget` unless `allow_leak`.

    `split`: "train", "validation", "test" -> row numbers into `frame`, the table of strings that `schema` was made from.
    """
    inputs = [made for made in schema.columns if made.role == "input"]
    targets = [made for made in schema.columns if made.role == "target"]
    case = _Case(frame, schema, split, source, inputs, targets)
    if not targets or not inputs:
        return []
    copies = _copies_of_target(case)
    if copies and not allow_leak:
        raise CopyOfTarget(case.data, case.names, copies)
    if schema.task is not None and schema.task.name == "Sequence":  # a text may well have several answers
        return _copies(case)
    notices = [*_copies(case), *_conflicts(case)]
    if len(targets) == 1 and schema.task is not None and schema.task.name != "Multilabel":
        codes, classes, values = _target(case)
        notices += _leaks(case, codes, classes, values, copies)
        if values is not None:
            notices += _sums(case, copies) + _skew(case)
        else:
            notices += _imbalance(case)
    return notices + _groups(case)


def _copies_of_target(case: _Case) -> list[str]:
    return [
        made.name
        for made in case.inputs
        for target in case.targets
        if made.distinct == target.distinct and case.frame[made.name].equals(case.frame[target.name], check_names=False)
    ]


def _hashes(case: _Case, names: list[str]) -> Rows:
    """One number per row: equal cells, equal number. Shape: uint64 (n,)."""
    labels = {made.name: made.replace for made in case.targets if made.replace}
    return case.frame.select(pl.col(name).replace(labels.get(name, {})) for name in names).hash_rows(seed=0).to_numpy()


def _copies(case: _Case) -> list[Notice]:
    """Validation and test rows that repeat a train row, exactly or nearly."""
    names = [made.name for made in case.inputs]
    exact, whole = _hashes(case, names), _hashes(case, [*names, *case.names])
    near = _near_hashes(case)
    train = case.split["train"]
    found: list[tuple[str, int, int, int]] = []
    same, pair = 0, None
    for part in ("validation", "test"):
        rows = case.split.get(part, np.zeros(0, np.int64))
        if not len(rows):
            continue
        copied = np.isin(exact[rows], exact[train])
        nearly = ~copied & np.isin(near[rows], near[train]) if near is not None else np.zeros(len(rows), bool)
        nearly &= nearly.sum() >= max(8, 0.01 * len(rows))  # a few are chance
        if copied.any() or nearly.any():
            found.append((part, len(rows), int(copied.sum()), int(nearly.sum())))
            same += int(np.isin(whole[rows], whole[train]).sum())
            keys = exact if copied.any() or near is None else near
            row = rows[copied if copied.any() else nearly][0]
            pair = pair or (train[np.flatnonzero(keys[train] == keys[row])[0]], row)
    if pair is None:
        return []
    first, second = case.places(*pair)
    return [CopiesAcrossSplit(case.data, case.names, found, same, (first, second))]


def _near_hashes(case: _Case) -> Rows | None:
    """Hashes of the rows in lower case, without spaces, numbers rounded to three digits; None for a large table."""
    if len(case.frame) > MOST_ROWS or sum(made.type == "number" for made in case.inputs) < 2:
        return None
    made = []
    for column in case.inputs:
        cells = case.frame[column.name]
        if column.type == "number":
            values = pl.Series(column.name, number(cells, column.column(), case.decimal), nan_to_null=True)
            made.append(values.round_sig_figs(3))
        else:
            made.append(cells.str.to_lowercase().str.replace_all(r"\s+", ""))
    return pl.DataFrame(made).hash_rows(seed=0).to_numpy()


def _conflicts(case: _Case) -> list[Notice]:
    """Rows with equal inputs and different labels, for classes."""
    if case.schema.task is None or case.schema.task.name not in ("Binary", "Multiclass"):
        return []
    target = case.targets[0]
    inputs = _hashes(case, [made.name for made in case.inputs])
    table = pl.DataFrame({"inputs": inputs, "label": case.frame[target.name].replace(target.replace)}).with_row_index("row")
    counts = table.drop_nulls("label").group_by("inputs", "label").agg(pl.len(), pl.col("row").min())
    rows = pl.col("len")
    groups = counts.group_by("inputs").agg(all=rows.sum(), most=rows.max(), labels=pl.len(), row=pl.col("row").sort())
    mixed = groups.filter(pl.col("labels") > 1)
    all_rows = int(groups["all"].sum())
    if mixed["all"].sum() < max(1, 0.001 * all_rows):
        return []
    first, second, *_ = mixed.sort(pl.col("row").list.first())["row"][0]
    one, other = case.places(first, second)
    ceiling = float(groups["most"].sum()) / all_rows
    return [ConflictingLabels(case.data, case.names, int(mixed["all"].sum()), all_rows, ceiling, (one, other))]


def _target(case: _Case) -> tuple[Rows, int, Rows | None]:
    """The sampled target as class codes and their number, or as numbers."""
    target, rows = case.targets[0], case.sample()
    cells = case.frame[target.name].gather(rows)
    if case.schema.task is not None and case.schema.task.name == "Regression":
        return np.zeros(0, np.int64), 0, number(cells, target.column(), case.decimal)
    codes = cells.replace(target.replace).rank("dense").fill_null(1).cast(pl.Int64).to_numpy() - 1
    return codes, int(codes.max()) + 1, None


def _leaks(case: _Case, codes: Rows, classes: int, values: Rows | None, skip: list[str]) -> list[Notice]:
    """Columns that alone give the target: bins fitted on one half of the sampled train rows, judged on the other."""
    rows = case.sample()
    half = len(rows) // 2
    notices: list[Notice] = []
    if half < 20 or classes > 1000:
        return []
    trivial = 0.0 if values is not None else float((codes[half:] == np.bincount(codes[:half]).argmax()).mean())
    for made in case.inputs:
        if made.name in skip:
            continue
        slots = _slots(case, made, rows, half)
        if values is not None:
            score = _variance_explained(slots, values, half)
        else:
            score = float((_most_frequent(slots, codes, classes, half)[slots[half:]] == codes[half:]).mean())
        if score >= 0.99 and score - trivial >= 0.9 * (1 - trivial):
            said = f"{100 * score:.1f} % of the rows (always the most frequent class: {100 * trivial:.1f} %)"
            said = said if values is None else f"{100 * score:.1f} % of its variance"
            notices.append(LeakingColumn(case.data, case.names, made.name, said))
    return notices


def _slots(case: _Case, made: ColumnGuess, rows: Rows, half: int) -> Rows:
    """The bin of each row: a word's code, or the quantile of a number; 0 where missing."""
    cells = case.frame[made.name].gather(rows)
    if made.type != "number":
        return cells.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    numbers = number(cells, made.column(), case.decimal)
    finite = numbers[:half][np.isfinite(numbers[:half])]
    if not len(finite):
        return np.zeros(len(numbers), np.int64)
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, MOST_BINS), method="lower"))  # values that occur: no bin is empty
    return np.where(np.isnan(numbers), 0, np.maximum(np.searchsorted(edges, numbers, side="right"), 1))


def _most_frequent(slots: Rows, codes: Rows, classes: int, half: int) -> Rows:
    """The most frequent class of each bin in the first half."""
    bins = int(slots.max()) + 1
    table = np.bincount(slots[:half] * classes + codes[:half], minlength=bins * classes).reshape(bins, classes)
    table[table.sum(1) == 0] = table.sum(0)
    return table.argmax(1)


def _variance_explained(slots: Rows, values: Rows, half: int) -> float:
    size = int(slots.max()) + 1
    count = np.bincount(slots[:half], minlength=size)
    mean = np.bincount(slots[:half], values[:half], size) / np.maximum(count, 1)
    guess = np.where(count > 0, mean, values[:half].mean())[slots[half:]]
    spread = float(((values[half:] - values[half:].mean()) ** 2).sum())
    return 1 - float(((values[half:] - guess) ** 2).sum()) / spread if spread else 0.0


def _sums(case: _Case, skip: list[str]) -> list[Notice]:
    """Number columns whose weighted sum is the target."""
    columns = [made for made in case.inputs if made.type == "number" and made.name not in skip]
    rows = case.sample()[:10_000]
    if len(columns) < 2 or len(rows) < 4 * len(columns) + 20:
        return []

    def read(made: ColumnGuess | Column) -> Rows:
        column = made.column() if isinstance(made, ColumnGuess) else made
        return number(case.frame[made.name].gather(rows), column, case.decimal)

    values = read(case.targets[0])
    table = np.stack([read(made) for made in columns], 1)
    table = np.where(np.isnan(table), np.nanmean(np.where(np.isnan(table).all(0), 0.0, table), 0), table)
    spread = table.std(0)
    keep = np.flatnonzero(spread > 0)
    keep, r2, _ = _fit(table, values, keep)
    if r2 <= 0.9999:
        return []
    for column in sorted(keep, key=lambda c: spread[c]):  # leave out every column that the sum does without
        fewer = keep[keep != column]
        if len(fewer) and _fit(table, values, fewer)[1] > 0.9999:
            keep = fewer
    keep, r2, weights = _fit(table, values, keep)
    if len(keep) > 12:
        return []
    return [LeakingSum(case.data, case.names, [columns[c].name for c in keep], [float(w) for w in weights], r2)]


def _fit(table: Rows, values: Rows, columns: Rows) -> tuple[Rows, float, Rows]:
    """Least squares on one half, R2 on the other."""
    half = len(values) // 2
    scale = table[:, columns].std(0) + 1e-300
    inputs = np.column_stack([table[:, columns] / scale, np.ones(len(values))])
    weights = np.linalg.lstsq(inputs[:half], values[:half], rcond=None)[0]
    spread = ((values[half:] - values[half:].mean()) ** 2).sum()
    error = ((values[half:] - inputs[half:] @ weights) ** 2).sum()
    return columns, float(1 - error / spread) if spread else 0.0, weights[:-1] / scale


def _skew(case: _Case) -> list[Notice]:
    values = number(case.frame[case.targets[0].name], case.targets[0].column(), case.decimal)
    values = values[np.isfinite(values)]
    centred = values - values.mean()
    skewness = float((centred**3).mean() / (centred**2).mean() ** 1.5)
    if abs(skewness) <= 3:
        return []
    extreme = values.max() if skewness > 0 else values.min()
    return [SkewedTarget(case.data, case.names, skewness, float(np.median(values)), float(extreme))]


def _imbalance(case: _Case) -> list[Notice]:
    classes = case.schema.task.classes if case.schema.task else {}
    total = sum(classes.values())
    common, most = next(iter(classes.items()))
    if most < 0.95 * total:
        return []
    return [RareClass(case.data, case.names, common, most / total, min(classes.items(), key=lambda item: item[1]))]


def _groups(case: _Case) -> list[Notice]:
    """A column named like an id, with several rows for each of its values, that both train and test rows have."""
    if any(made.role in ("group", "time") for made in case.schema.columns) or not len(case.split.get("test", ())):
        return []
    notices: list[Notice] = []
    for made in case.schema.columns:
        if made.role == "target" or not GROUP_NAME.search(made.name) or not 10 <= made.distinct <= 0.9 * len(case.frame):
            continue
        cells = case.frame[made.name]
        trained = cells.gather(case.split["train"]).drop_nulls().unique().to_list()
        shared = float(cells.gather(case.split["test"]).is_in(trained).to_numpy().astype(float).mean())
        if shared > 0.1:
            notices.append(GroupsAcrossSplit(case.data, case.names, made.name, made.distinct, len(case.frame), shared))
    return notices
