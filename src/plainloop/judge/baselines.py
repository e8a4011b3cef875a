"""What the net is measured against: the constant answer, and gradient-boosted trees from scikit-learn.

Both are fitted on the run's train rows and scored on its test rows, by the run's own `task.metrics`, with the same intervals.
The trees read the typed columns of the table, not the net's preparation: numbers with their gaps, categories as codes. Of a
picture they get a thumbnail (thumbnails.py).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from ..plain.config import Column
from ..plain.faults import shorten
from ..plain.table import Sequences, Table, Words, split_tags
from .image_pictures import image_column
from .intervals import Interval, intervals
from .scored import Scored, score, scores_from, with_own_thresholds
from .series_summary import summaries
from .thumbnails import SIDE, thumbnails, width
from .wording import number

ROWS = 50_000  # train rows the trees see at most
CELLS = 4_000_000  # train cells (rows x columns) they see at most
MOST_CLASSES = 60  # one tree per class and round: beyond this the baseline would outlast the training
MOST_LABELS = 20
MOST_WORDS = 254  # scikit-learn's trees take 255 bins: the rarest words beyond that count as missing
MOST_TAGS = 30  # tags get a 0/1 column each, the most frequent ones
PICTURE_ROWS, PICTURE_TREES = 20_000, 1000  # for pictures: 10 classes of 20,000 thumbnails take some 8 seconds
CHECKED_PICTURES = 2000  # validation rows that choose the number of rounds
TREES = 2000  # over all classes and rounds: 26 classes get 76 rounds, which takes 14,000 rows about 4 seconds


@dataclass(frozen=True)
class Baseline:
    """One opponent of the net. A skipped one has no metrics and a note with the reason."""

    name: str  # "trivial", "boosting", "tfidf"
    title: str  # in words, e.g. "always '<=50K'"
    metrics: dict[str, Interval] = field(default_factory=dict)
    scored: Scored | None = None
    seconds: float = 0.0
    note: str = ""


def trivial(outcome: Any, *, part: str = "test", seed: int = 0) -> Baseline:
    """The best constant answer that the train rows give: the shares of the classes, or the mean."""
    task, target = with_own_thresholds(outcome.preparation.task), outcome.targets[part]
    constant = task.trivial(outcome.preparation.target(outcome.table.rows(outcome.split["train"])))
    scores = constant.float().expand(len(target), *constant.shape[1:]).contiguous()
    scored = score(task, scores, target)
    answer = (
        number(float(scored.predicted[0])) if scored.kind == "Regression" else shorten(scored.words(scored.predicted[0]))[1:-1]
    )
    title = f"always '{answer}'" if scored.kind in ("Binary", "Multiclass") else f"always {answer}"
    return Baseline("trivial", title, intervals(task, scores, target, seed=seed, scored=scored), scored)


def boosting(outcome: Any, *, part: str = "test", seed: int = 0) -> Baseline:
    """scikit-learn's histogram gradient boosting; the number of rounds is chosen on the run's validation rows."""
    title = "boosted trees"
    task, started = outcome.preparation.task, time.perf_counter()
    reason = _skipped(outcome)
    if reason:
        return Baseline("boosting", title, note=reason)
    picture = image_column(outcome)
    inputs = [column for column in outcome.config.inputs if column.name != picture]
    columns, kinds, left_out = _columns(outcome.table, inputs, outcome.split["train"])
    wide = columns.shape[1] + (width(outcome.preparation.columns[picture]) if picture else 0)
    if wide == 0:
        return Baseline("boosting", title, note="skipped: no column that trees can read")
    notes = [f"without {', '.join(left_out)} (free text)"] if left_out else []
    train = outcome.split["train"]
    most = max(1000, min(PICTURE_ROWS if picture else ROWS, CELLS // wide))
    if len(train) > most:
        train = np.sort(np.random.default_rng(seed).permutation(train)[:most])
        notes.append(f"fitted on {most:,} of {len(outcome.split['train']):,} train rows")
    rounds, validation = _rounds(task, PICTURE_TREES if picture else TREES), outcome.split["validation"]
    if rounds < 100:
        notes.append(f"at most {rounds} rounds")
    if picture:
        validation = validation[:: max(1, -(-len(validation) // CHECKED_PICTURES))]
        colours = " and the mean and spread of each colour" if len(outcome.preparation.columns[picture].mean) > 1 else ""
        notes.insert(0, f"on grey thumbnails of {SIDE} x {SIDE} pixels{colours}")
        seen = np.concatenate([train, validation, outcome.split[part]])
        small = np.full((len(outcome.table), wide - columns.shape[1]), np.nan)
        small[seen] = thumbnails(outcome.preparation.columns[picture], outcome.table[picture][seen])
        columns, kinds = np.concatenate([columns, small], axis=1), kinds + [False] * small.shape[1]
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # scikit-learn's threads spin against torch's: one is faster than two
        predicted = np.concatenate([outcome.split["validation"], outcome.split[part]])
        values = _fit(outcome, columns, kinds, (train, validation, predicted), rounds, seed)
    target, checked = outcome.targets[part], len(outcome.split["validation"])
    every = scores_from(task, values)
    task, scores = with_own_thresholds(task, every[:checked], outcome.targets["validation"]), every[checked:]
    scored = score(task, scores, target)
    found = intervals(task, scores, target, seed=seed, scored=scored)
    return Baseline("boosting", title, found, scored, time.perf_counter() - started, "; ".join(notes))


def _rounds(task: Any, trees: int = TREES) -> int:
    models = len(task.labels) if type(task).__name__ in ("Multiclass", "Multilabel") else 1
    return int(np.clip(trees // models, trees // 66, 300))


def _skipped(outcome: Any) -> str:
    task = outcome.preparation.task
    kind, classes = type(task).__name__, len(getattr(task, "labels", None) or [])
    if kind == "Multilabel" and classes > MOST_LABELS:
        return f"skipped: {classes} labels would need {classes} models (at most {MOST_LABELS})"
    if kind == "Multiclass" and classes > MOST_CLASSES:
        return f"skipped: {classes} classes would need {classes} trees a round (at most {MOST_CLASSES})"
    if len(outcome.split["train"]) < 20:
        return "skipped: fewer than 20 train rows"
    return ""


def _columns(table: Table, inputs: list[Column], train: np.ndarray) -> tuple[np.ndarray, list[bool], list[str]]:
    """The input columns as floats (B, N), which of them are categories, and the names of those left out."""
    made: list[np.ndarray] = []
    kinds: list[bool] = []
    left_out: list[str] = []
    for column in inputs:
        cells = table[column.name]
        if isinstance(cells, Words) and column.type == "tags":
            tags = tag_columns(cells, column.separator or ",", train)
            made += tags
            kinds += [False] * len(tags)
        elif isinstance(cells, Words) and column.type in ("category", "boolean"):
            made.append(codes_of_words(cells, train))
            kinds.append(True)
        elif isinstance(cells, Sequences):
            if column.type == "series":  # its length is among the figures
                figures = list(summaries(cells).T)
                made += figures
                kinds += [False] * len(figures)
        elif isinstance(cells, np.ndarray):
            made.append(np.where(np.isfinite(cells), cells, np.nan))
            kinds.append(False)
        else:
            left_out.append(column.name)
    if not made:
        return np.zeros((len(table), 0)), [], left_out
    return np.stack(made, axis=1), kinds, left_out


def codes_of_words(cells: Words, train: np.ndarray) -> np.ndarray:
    """Codes 0, 1, ... by frequency in the train rows; NaN for a missing, unseen or rare word."""
    seen = cells.codes[train]
    counts = np.bincount(seen[seen >= 0], minlength=len(cells.words))
    order = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    order = order[counts[order] > 0]
    lookup = np.full(len(cells.words) + 1, np.nan)  # the last entry is code -1
    lookup[order] = np.arange(len(order))
    return lookup[cells.codes]


def tag_columns(cells: Words, separator: str, train: np.ndarray) -> list[np.ndarray]:
    """Whether each row has each of the most frequent tags of the train rows; NaN where the cell is missing."""
    sets = [set(split_tags(word, separator)) for word in cells.words]
    counts: Counter[str] = Counter()
    codes, times = np.unique(cells.codes[train], return_counts=True)
    for code, count in zip(codes.tolist(), times.tolist(), strict=True):
        if code >= 0:
            counts.update(dict.fromkeys(sorted(sets[code]), count))
    columns = []
    for tag, _ in counts.most_common(MOST_TAGS):
        lookup = np.array([*(float(tag in one) for one in sets), np.nan])
        columns.append(lookup[cells.codes])
    return columns


def _fit(
    outcome: Any, columns: np.ndarray, kinds: list[bool], rows: tuple[np.ndarray, np.ndarray, np.ndarray], rounds: int, seed: int
) -> np.ndarray:
    """Probabilities (or predictions in the target's unit) for the last of the rows, as `scores_from` takes them.

    rows: those that are fitted on, those that choose the number of rounds, those that are predicted.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    task = outcome.preparation.task
    kind = type(task).__name__
    every = truth_of(outcome, task)
    train, validation, test = rows
    labels = len(getattr(task, "labels", None) or [])

    def fitted(truth: np.ndarray) -> Any:
        make = HistGradientBoostingRegressor if kind == "Regression" else HistGradientBoostingClassifier
        # not a longer step for fewer rounds: at 0.2 the trees of many classes diverge (letter: log loss 1.17 against 0.14)
        model = make(
            max_iter=rounds,
            learning_rate=0.1,
            early_stopping=len(validation) > 0,
            n_iter_no_change=10,
            categorical_features=kinds,
            random_state=seed,
        )
        # scikit-learn 1.6 cannot be given the validation rows: it takes a tenth of the train rows
        if not len(validation) or "X_val" not in signature(model.fit).parameters:
            return model.fit(columns[train], truth[train])
        known = validation if kind == "Regression" else validation[np.isin(truth[validation], truth[train])]
        checks = {"X_val": columns[known], "y_val": truth[known]} if len(known) else {}
        return model.fit(columns[train], truth[train], **checks)

    def positive(truth: np.ndarray) -> np.ndarray:
        if len(np.unique(truth[train])) < 2:
            return np.full(len(test), float(truth[train][0]))
        return fitted(truth).predict_proba(columns[test])[:, 1]

    if kind == "Regression":
        return fitted(every).predict(columns[test])
    if kind == "Binary":
        return positive(every)
    if kind == "Multilabel":
        return np.stack([positive(every[:, label]) for label in range(labels)], axis=1)
    model = fitted(every)
    found = np.zeros((len(test), labels))
    found[:, model.classes_.astype(int)] = model.predict_proba(columns[test])
    return found


def truth_of(outcome: Any, task: Any) -> np.ndarray:
    """The truth of every row of the table that has a split, as trees take it; other rows stay 0."""
    target = outcome.preparation.target(outcome.table.rows(outcome.split["train"]))
    parts = {"train": target, **outcome.targets}
    regression = type(task).__name__ == "Regression"
    truths = {
        part: np.asarray(task.truth(one), np.float64) if regression else one.cpu().numpy().astype(np.int64)
        for part, one in parts.items()
        if part in outcome.split
    }
    first = truths["train"]
    every = np.zeros((len(outcome.table), *first.shape[1:]), first.dtype)
    for part, truth in truths.items():
        every[outcome.split[part]] = truth
    return every
