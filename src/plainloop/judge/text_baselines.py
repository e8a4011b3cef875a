"""The classical opponent of a net on texts: TF-IDF of words and pairs of words, with logistic (or ridge) regression.

The other inputs of a row stand beside the texts: numbers standardised, each category a word of its own. Everything is fitted on
the run's train rows; the strength of the penalty is chosen on its validation rows, as the net's best epoch is.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from ..plain.config import Column
from ..plain.table import Sequences, Table, Words
from .baselines import Baseline, codes_of_words, truth_of
from .intervals import intervals
from .scored import score, scores_from, with_own_thresholds

CHARACTERS = 30_000_000  # of train texts that are read at most: 21,000 film reviews
ROWS = 100_000  # train rows at most
WEIGHTS = 10_000_000  # most weights of one model: more classes leave fewer words
STRENGTHS = (1.0, 4.0, 16.0, 64.0)  # C of the logistic regression, alpha of the ridge regression turned round
FEW_ROWS = 20_000  # train rows up to which a pair that one text has counts too


def tfidf(outcome: Any, *, part: str = "test", seed: int = 0) -> Baseline:
    """The baseline of a run with columns of texts."""
    task, started = outcome.preparation.task, time.perf_counter()
    kind = type(task).__name__
    title = f"TF-IDF and {'ridge' if kind == 'Regression' else 'logistic'} regression"
    train, validation = outcome.split["train"], outcome.split["validation"]
    if len(train) < 20:
        return Baseline("tfidf", title, note="skipped: fewer than 20 train rows")
    texts = [column for column in outcome.config.inputs if column.type == "text"]
    most = rows_that_fit(outcome.table, texts, train)
    notes = []
    if len(train) > most:
        train = np.sort(np.random.default_rng(seed).permutation(train)[:most])
        notes.append(f"fitted on {most:,} of {len(outcome.split['train']):,} train rows")
    outputs = max(2, len(getattr(task, "labels", None) or []))
    parts = (train, validation, outcome.split[part])
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the solver stops after so many steps, and says so
        rows = weighed(outcome.table, list(outcome.config.inputs), parts, WEIGHTS // (outputs if kind == "Multiclass" else 2))
        values, strength = fitted(task, rows, truth_of(outcome, task), parts)
    notes.append(f"C = {strength:g}" if kind != "Regression" else f"alpha = {1 / strength:g}")
    target, every = outcome.targets[part], scores_from(task, values)
    task, scores = with_own_thresholds(task, every[: len(validation)], outcome.targets["validation"]), every[len(validation) :]
    scored = score(task, scores, target)
    found = intervals(task, scores, target, seed=seed, scored=scored)
    return Baseline("tfidf", title, found, scored, time.perf_counter() - started, "; ".join(notes))


def rows_that_fit(table: Table, texts: list[Column], train: np.ndarray) -> int:
    """How many of the train rows are read, so that the baseline does not outlast the training."""
    characters = 0
    for column in texts:
        cells = table[column.name]
        assert isinstance(cells, Words)
        lengths = np.array([*map(len, cells.words), 0])  # the last is code -1
        characters += int(lengths[cells.codes[train]].sum())
    return min(ROWS, max(1000, int(len(train) * CHARACTERS / max(1, characters))))


def weighed(table: Table, inputs: list[Column], parts: tuple[np.ndarray, ...], most: int) -> list[Any]:
    """The rows of each part as sparse matrices, fitted on the first part; most: columns of each text."""
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import OneHotEncoder

    train = parts[0]
    made: list[list[Any]] = []
    for column in inputs:
        cells = table[column.name]
        if column.type == "text" and isinstance(cells, Words):
            texts = [[text or "" for text in cells[rows].tolist()] for rows in parts]
            read = TfidfVectorizer(
                ngram_range=(1, 2),
                min_df=1 if len(train) < FEW_ROWS else 2,
                sublinear_tf=True,
                max_features=most,
                dtype=np.float32,
            )
            try:
                made.append([read.fit_transform(texts[0]), *map(read.transform, texts[1:])])
            except ValueError:  # no word in any text
                continue
        elif isinstance(cells, Words) and column.type in ("category", "boolean"):
            codes = codes_of_words(cells, train)[:, None]
            one_hot = OneHotEncoder(handle_unknown="ignore", dtype=np.float32).fit(codes[train])
            made.append([one_hot.transform(codes[rows]) for rows in parts])
        elif isinstance(cells, np.ndarray) and not isinstance(cells, Sequences):
            known = cells[train][np.isfinite(cells[train])]
            mean, spread = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)
            scaled = np.nan_to_num((cells - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0).clip(-5, 5)
            made.append([sparse.csr_matrix(scaled[rows][:, None].astype(np.float32)) for rows in parts])
    if not made:
        return [sparse.csr_matrix((len(rows), 1), dtype=np.float32) for rows in parts]
    return [sparse.hstack(blocks).tocsr() for blocks in zip(*made, strict=True)]


def fitted(task: Any, rows: list[Any], truth: np.ndarray, parts: tuple[np.ndarray, ...]) -> tuple[np.ndarray, float]:
    """Probabilities (or predictions) of the rows of the other parts, and the strength that was best on the second."""
    from scipy.sparse import vstack

    kind, labels = type(task).__name__, len(getattr(task, "labels", None) or [])
    others, checked = vstack(rows[1:]).tocsr(), truth[parts[1]]
    best: tuple[float, np.ndarray, float] | None = None
    starts: dict[int, Any] = {}  # each model begins where the one with a stronger penalty ended
    for strength in STRENGTHS:
        if kind == "Regression":
            values = ridge(rows[0], truth[parts[0]], strength, others)
        elif kind == "Multilabel":
            columns = [logistic(rows[0], truth[parts[0]][:, k], strength, others, 2, starts, k) for k in range(labels)]
            values = np.stack(columns, 1)[..., 1]
        else:
            values = logistic(rows[0], truth[parts[0]], strength, others, max(2, labels), starts)
            values = values[:, 1] if kind == "Binary" else values
        loss = wrongness(kind, values[: len(checked)], checked)
        if best is not None and loss > best[0]:
            break  # a weaker penalty only takes longer from here on
        best = (loss, values, strength)
    assert best is not None
    return best[1], best[2]


def logistic(
    rows: Any, truth: np.ndarray, strength: float, others: Any, classes: int, starts: dict[int, Any], key: int = 0
) -> Any:
    """Probabilities of the other rows. Shape: (n, classes)."""
    from sklearn.linear_model import LogisticRegression

    found = np.zeros((others.shape[0], classes))
    if len(np.unique(truth)) < 2:
        found[:, int(truth[0])] = 1.0
        return found
    model = starts.setdefault(key, LogisticRegression(warm_start=True, max_iter=200))
    model.set_params(C=strength).fit(rows, truth)
    found[:, model.classes_.astype(int)] = model.predict_proba(others)
    return found


def ridge(rows: Any, truth: np.ndarray, strength: float, others: Any) -> np.ndarray:
    """Predictions in the target's unit. Shape: (n,)."""
    from sklearn.linear_model import Ridge

    spread = float(truth.std()) or 1.0
    model = Ridge(alpha=1 / strength, solver="sparse_cg", max_iter=200).fit(rows, (truth - truth.mean()) / spread)
    return model.predict(others) * spread + truth.mean()


def wrongness(kind: str, values: np.ndarray, truth: np.ndarray) -> float:
    """How wrong the values are: the share of wrong classes, the log loss of labels, the mean square of a number's error."""
    if kind == "Regression":
        return float(np.square(values - truth).mean())
    if kind == "Multilabel":
        p = values.clip(1e-7, 1 - 1e-7)
        return float(-np.where(truth > 0, np.log(p), np.log1p(-p)).mean())
    guess = values > 0.5 if kind == "Binary" else values.argmax(1)
    return float((guess != truth).mean())
