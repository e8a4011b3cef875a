"""The classical opponent of a net on texts: TF-IDF of words and pairs of words, with logistic (or ridge) regression.

The other inputs of a row stand beside the texts: numbers standardised, each category and tag a column of its own. Everything is
fitted on the run's train rows; the strength of the penalty is chosen on its validation rows, as the net's best epoch is. How much
is read is counted in characters, so that it takes no longer than the training, and the same on every machine.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..plain.columns.ngrams import MARKED, MARKS
from ..plain.config import Column
from ..plain.table import Table, Words
from .baselines import Baseline, codes_of_words, tag_columns, truth_of
from .intervals import intervals
from .scored import score, scores_from, with_own_thresholds

CHARACTERS = 25_000_000  # of train texts that are read at most: 19,000 film reviews
LETTERS = 150_000_000  # characters times classes (or labels) at most: each has weights of its own to fit
ROWS, CHECKED = 100_000, 10_000  # train rows at most, and validation rows that choose the penalty
WEIGHTS = 3_000_000  # of one model: more classes leave fewer words
MOST_CLASSES = 500
STRENGTHS = (1.0, 4.0, 16.0, 64.0)  # C of the logistic regression, alpha of the ridge regression turned round
FEW_ROWS = 20_000  # train rows up to which a pair that one text has counts too
AT_ONCE = 10_000  # rows that are read and predicted at a time

Reader = Callable[[np.ndarray], Any]  # rows of the table -> a sparse matrix with a line for each


def tfidf(outcome: Any, *, part: str = "test", seed: int = 0) -> Baseline:
    """The baseline of a run with columns of texts."""
    task, started = outcome.preparation.task, time.perf_counter()
    kind, outputs = type(task).__name__, max(2, len(getattr(task, "labels", None) or []))
    title = f"TF-IDF and {'ridge' if kind == 'Regression' else 'logistic'} regression"
    train, validation, scored_rows = (outcome.split[name] for name in ("train", "validation", part))
    if len(train) < 20:
        return Baseline("tfidf", title, note="skipped: fewer than 20 train rows")
    if outputs > MOST_CLASSES:
        return Baseline("tfidf", title, note=f"skipped: {outputs:,} classes would need {outputs:,} weights for each word")
    notes = []
    most = rows_that_fit(outcome.table, outcome.config.inputs, train, outputs)
    random = np.random.default_rng(seed)
    if len(train) > most:
        train = np.sort(random.permutation(train)[:most])
        notes.append(f"fitted on {most:,} of {len(outcome.split['train']):,} train rows, to be done before the net is")
    checked = np.sort(random.permutation(len(validation))[:CHECKED])
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the solver stops after so many steps, and says so
        weights = WEIGHTS // (outputs if kind == "Multiclass" else 2)
        read, rows, left_out = reader(outcome.table, list(outcome.config.inputs), train, weights)
        truth = truth_of(outcome, task)
        known = truth[validation[checked]]
        strength, of_known, predict = fitted(task, (rows, truth[train]), (read(validation[checked]), known))
        parts = [scored_rows[first : first + AT_ONCE] for first in range(0, len(scored_rows), AT_ONCE)]
        values = np.concatenate([predict(read(one)) for one in parts])
    notes.append(f"C = {strength:g}" if kind != "Regression" else f"alpha = {1 / strength:g}")
    notes += [f"without {', '.join(left_out)}"] if left_out else []
    target, scores = outcome.targets[part], scores_from(task, values)
    task = with_own_thresholds(task, scores_from(task, of_known), outcome.targets["validation"][checked])
    scored = score(task, scores, target)
    found = intervals(task, scores, target, seed=seed, scored=scored)
    return Baseline("tfidf", title, found, scored, time.perf_counter() - started, "; ".join(notes))


def rows_that_fit(table: Table, inputs: Sequence[Column], train: np.ndarray, outputs: int) -> int:
    """How many of the train rows are read, so that the baseline does not outlast the training."""
    characters = 0
    for column in inputs:
        cells = table[column.name]
        if column.type == "text" and isinstance(cells, Words):
            lengths = np.array([*map(len, cells.words), 0])  # the last is code -1
            characters += int(lengths[cells.codes[train]].sum())
    share = min(CHARACTERS, LETTERS // outputs) / max(1, characters)
    return min(ROWS, max(1000, int(len(train) * share)))


def reader(table: Table, inputs: list[Column], train: np.ndarray, most: int) -> tuple[Reader, Any, list[str]]:
    """Fitted on the train rows: what makes sparse matrices of rows, that of the train rows, and the columns it cannot read.

    most: columns that the texts may have together.
    """
    from scipy import sparse

    readers: list[Reader] = []
    made, left_out = [], []
    texts = sum(column.type == "text" for column in inputs)
    for column in inputs:
        cells = table[column.name]
        if column.type == "text" and isinstance(cells, Words):
            read, first = of_texts(cells, train, most // texts)
        elif isinstance(cells, np.ndarray):
            read, first = of_numbers(cells, train)
        elif isinstance(cells, Words) and column.type in ("category", "boolean", "tags"):
            read, first = of_words(cells, column, train)
        else:
            left_out.append(column.name)
            continue
        if first.shape[1]:
            readers.append(read)
            made.append(first)
    if not readers:  # not one word in any text
        readers = [lambda rows: sparse.csr_matrix((len(rows), 1), dtype=np.float32)]
        made = [readers[0](train)]
    return lambda rows: sparse.hstack([read(rows) for read in readers]).tocsr(), sparse.hstack(made).tocsr(), left_out


def of_texts(cells: Words, train: np.ndarray, most: int) -> tuple[Reader, Any]:
    """Words and pairs of words, weighed; runs of letters where the texts are single words or do not part them by spaces."""
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer

    def texts(rows: np.ndarray) -> list[str]:
        return [text or "" for text in cells[rows].tolist()]

    some = texts(train[:: max(1, len(train) // 1000)])
    words = sum(len(text.split()) for text in some)
    by_letters = words < 2.5 * len(some) or sum(map(len, some)) > 15 * words
    marked = any(MARKED.search(text) for text in some)  # scikit-learn's own pattern cuts words at their accents and vowel signs
    vectors = TfidfVectorizer(
        token_pattern=rf"[\w{MARKS}]{{2,}}" if marked else r"\b\w\w+\b",
        analyzer="char_wb" if by_letters else "word",
        ngram_range=(1, 4) if by_letters else (1, 2),
        min_df=1 if len(train) < FEW_ROWS else 2,
        sublinear_tf=True,
        max_features=most,
        dtype=np.float32,
    )
    try:
        first = vectors.fit_transform(texts(train))
    except ValueError:  # no word in any text
        return lambda rows: None, sparse.csr_matrix((len(train), 0), dtype=np.float32)
    return lambda rows: vectors.transform(texts(rows)), first


def of_numbers(cells: np.ndarray, train: np.ndarray) -> tuple[Reader, Any]:
    """One column, standardised; a missing number is the mean."""
    from scipy import sparse

    known = cells[train][np.isfinite(cells[train])]
    mean, spread = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)

    def read(rows: np.ndarray) -> Any:
        scaled = np.nan_to_num((cells[rows] - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0).clip(-5, 5)
        return sparse.csr_matrix(scaled[:, None].astype(np.float32))

    return read, read(train)


def of_words(cells: Words, column: Column, train: np.ndarray) -> tuple[Reader, Any]:
    """A column for each frequent category or tag."""
    from scipy import sparse

    if column.type == "tags":
        columns = tag_columns(cells, column.separator or ",", train)
        every = np.nan_to_num(np.stack(columns, 1)) if columns else np.zeros((len(cells), 0))
    else:
        codes = codes_of_words(cells, train)
        every = codes[:, None] == np.arange(int(np.nanmax(codes, initial=-1)) + 1)
    found = sparse.csr_matrix(every.astype(np.float32))
    return lambda rows: found[rows], found[train]


def fitted(task: Any, train: tuple[Any, np.ndarray], checked: tuple[Any, np.ndarray]) -> tuple[float, np.ndarray, Reader]:
    """The strength that is best on the checked rows, what its model says of these, and what gives as much of other rows."""
    kind, labels = type(task).__name__, len(getattr(task, "labels", None) or [])
    best: tuple[float, float, np.ndarray, Reader] | None = None
    starts: dict[int, Any] = {}  # each model begins where the one with a stronger penalty ended
    for strength in STRENGTHS:
        predict = model_of(kind, labels, train, strength, starts)
        values = predict(checked[0])
        loss = wrongness(kind, values, checked[1]) if len(values) else 0.0
        if best is None or loss <= best[0]:
            best = (loss, strength, values, predict)
    assert best is not None
    return best[1:]


def model_of(kind: str, labels: int, train: tuple[Any, np.ndarray], strength: float, starts: dict[int, Any]) -> Reader:
    """What gives probabilities (or numbers) of rows, as `scores_from` takes them."""
    rows, truth = train
    if kind == "Regression":
        return ridge(rows, truth, strength)
    if kind == "Multilabel":
        each = [logistic(rows, truth[:, label], strength, 2, starts, label) for label in range(labels)]
        return lambda others: np.stack([one(others)[:, 1] for one in each], 1)
    of_classes = logistic(rows, truth, strength, max(2, labels), starts)
    return (lambda others: of_classes(others)[:, 1]) if kind == "Binary" else of_classes


def logistic(rows: Any, truth: np.ndarray, strength: float, classes: int, starts: dict[int, Any], key: int = 0) -> Reader:
    """What gives the probabilities of rows. Shape: (n, classes)."""
    from sklearn.linear_model import LogisticRegression

    known, codes = np.unique(truth, return_inverse=True)
    width, intercept = np.zeros((1, rows.shape[1])), np.zeros(1)
    if len(known) > 1:
        model = starts.setdefault(key, LogisticRegression(warm_start=True, max_iter=200))
        model.set_params(C=strength).fit(rows, codes)
        width, intercept = model.coef_.copy(), model.intercept_.copy()

    def predict(others: Any) -> np.ndarray:
        found = np.zeros((others.shape[0], classes))
        values = others @ width.T + intercept
        if len(known) < 3:
            yes = 1 / (1 + np.exp(-values[:, 0]))
            values = np.stack([1 - yes, yes], 1) if len(known) == 2 else np.ones((len(values), 1))
        else:
            values = np.exp(values - values.max(1, keepdims=True))
            values /= values.sum(1, keepdims=True)
        found[:, known.astype(int)] = values
        return found

    return predict


def ridge(rows: Any, truth: np.ndarray, strength: float) -> Reader:
    """What gives predictions in the target's unit. Shape: (n,)."""
    from sklearn.linear_model import Ridge

    mean, spread = truth.mean(), float(truth.std()) or 1.0
    model = Ridge(alpha=1 / strength, solver="sparse_cg", max_iter=200).fit(rows, (truth - mean) / spread)
    return lambda others: model.predict(others) * spread + mean


def wrongness(kind: str, values: np.ndarray, truth: np.ndarray) -> float:
    """How wrong the values are: the share of wrong classes, the log loss of labels, the mean square of a number's error."""
    if kind == "Regression":
        return float(np.square(values - truth).mean())
    if kind == "Multilabel":
        p = values.clip(1e-7, 1 - 1e-7)
        return float(-np.where(truth > 0, np.log(p), np.log1p(-p)).mean())
    guess = values > 0.5 if kind == "Binary" else values.argmax(1)
    return float((guess != truth).mean())
