"""Bootstrap intervals: every metric with a low and a high end, from resampling the scored rows.

The value itself always comes from `task.metrics`, that is from scikit-learn. The interval comes from 1000 resamples of the
rows. Calling scikit-learn a thousand times would take minutes, so a metric is written here as a formula over a weight matrix
(how often each row was drawn, one line per resample):
- means and ratios (accuracy, F1, log loss, RMSE, R2, ...) are formulas over weighted sums of per-row terms;
- ranking metrics (ROC AUC, average precision) sort once and take running sums of the weights.
A formula is used only if, with every weight 1, it gives scikit-learn's value for the rows at hand; otherwise the metric is
resampled through `task.metrics`, 40 times. Where not one row is wrong a share has Wilson's interval, other metrics have none.

Method: percentile bootstrap, B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from .scored import Scored, score
from .wording import LOWER_IS_BETTER

RESAMPLES = 1000
CELLS = 20_000_000  # most weights drawn: above 20,000 rows there are fewer resamples, at least 100
SLOW_RESAMPLES = 40  # of a metric without a formula: the interval is then 1.96 standard deviations wide on each side
CHUNK = 400_000  # weights in work at a time, so that they stay in the processor's cache

Formula = Callable[[np.ndarray], np.ndarray]  # weights (R, B) -> values (R,)
Interval = dict[str, float | None]  # value, low, high


def resamples_for(rows: int, requested: int = RESAMPLES) -> int:
    """How many resamples are drawn for so many rows.

    >>> resamples_for(16_000), resamples_for(100_000), resamples_for(10_000_000)
    (1000, 200, 100)
    """
    return min(requested, max(100, CELLS // max(rows, 1)))


def intervals(
    task: Any,
    scores: torch.Tensor,
    target: torch.Tensor,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    scored: Scored | None = None,
    truth: list[str] | None = None,
) -> dict[str, Interval]:
    """Each metric of the task with its 95% interval; an undefined metric has three times None.

    truth: of a task that writes texts, the targets as the rows have them.
    Shape: scores (B, out) or (B, K, out), target as `task.target` gives it.
    """
    if type(task).__name__ == "Sequence":
        from .sentences import sentence_intervals, sentences  # sentences.py builds on this file

        return sentence_intervals(task, scores, target, seed=seed, found=sentences(task, scores, target, truth))
    values = {name: _finite(value) for name, value in task.metrics(scores, target).items()}
    found: dict[str, Interval] = {name: {"value": value, "low": None, "high": None} for name, value in values.items()}
    rows = len(target)
    if rows < 2:
        return found
    scored = scored or score(task, scores, target)
    drawn_values = draws(scored, values, resamples=resamples, seed=seed)
    for name, drawn in drawn_values.items():
        perfect = values[name] == (0.0 if name in LOWER_IS_BETTER else 1.0)
        found[name]["low"], found[name]["high"] = _perfect(name, scored) if perfect else ends(drawn)
    rest = [name for name, value in values.items() if value is not None and name not in drawn_values]
    for name, drawn in _slowly(task, scores, target, rest, seed).items():
        value = values[name]
        if value is not None and len(drawn):
            width = 1.96 * float(np.std(drawn))
            found[name]["low"], found[name]["high"] = value - width, value + width
    return found


def draws(
    scored: Scored, values: Mapping[str, float | None], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, np.ndarray]:
    """The value of each metric in each resample, of those whose formula gives the value at hand.

    One seed and one number of rows draw the same rows, so that the draws of two models on the same rows are pairs.
    """
    rows, ranked = len(scored), ranking(scored)
    known = {
        name: form
        for name, form in {**_sums(scored), **ranked}.items()
        if values.get(name) is not None and _agrees(form, values[name], rows)
    }
    return _bootstrap(known, rows, resamples_for(rows, resamples), seed, ranked, scored)


def weights(rows: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """The weight matrix in chunks (r, rows) float32: how often each row was drawn in each resample."""
    rng = np.random.default_rng(seed)
    at_once = max(1, CHUNK // rows)
    for start in range(0, resamples, at_once):
        lines = min(at_once, resamples - start)
        drawn = rng.integers(0, rows, size=(lines, rows))
        drawn += np.arange(lines)[:, None] * rows
        yield np.bincount(drawn.reshape(-1), minlength=lines * rows).reshape(lines, rows).astype(np.float32)


def _bootstrap(
    known: dict[str, Formula], rows: int, resamples: int, seed: int, ranked: dict[str, Formula], scored: Scored
) -> dict[str, np.ndarray]:
    # one sort per class makes rankings C times as dear: they then get fewer resamples
    classes = 1 if scored.kind == "Binary" else max(1, len(scored.labels))
    few = max(50, min(resamples, CELLS // (rows * classes)))
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in known}
    done = 0
    for chunk in weights(rows, resamples, seed):
        for name, form in known.items():
            if name not in ranked or done < few:
                drawn[name].append(form(chunk))
        done += len(chunk)
    return {name: np.concatenate(parts) for name, parts in drawn.items() if parts}


def _slowly(task: Any, scores: torch.Tensor, target: torch.Tensor, names: list[str], seed: int) -> dict[str, np.ndarray]:
    """The metrics without a formula, resampled through scikit-learn."""
    if not names:
        return {}
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(SLOW_RESAMPLES):
        rows = torch.from_numpy(rng.integers(0, len(target), size=len(target)))
        values = task.metrics(scores[rows], target[rows])
        for name in names:
            if _finite(values.get(name)) is not None:
                drawn[name].append(float(values[name]))
    return {name: np.array(values) for name, values in drawn.items()}


def _agrees(form: Formula, value: float | None, rows: int) -> bool:
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = float(form(np.ones((1, rows), np.float32))[0])
    return value is not None and bool(np.isclose(ours, value, rtol=1e-3, atol=1e-6))


def ends(drawn: np.ndarray) -> tuple[float | None, float | None]:
    drawn = drawn[np.isfinite(drawn)]  # a resample without any positive row has no AUC
    if len(drawn) < 20:
        return None, None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def wilson(rate: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% interval of a share, good for few rows too: E. B. Wilson, JASA 22 (1927)."""
    z = 1.96
    middle = (rate + z**2 / (2 * number)) / (1 + z**2 / number)
    half = z * np.sqrt(rate * (1 - rate) / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
    return np.minimum(middle - half, rate), np.maximum(middle + half, rate)


def _perfect(name: str, scored: Scored) -> tuple[float | None, float | None]:
    """The ends where not one row is wrong: resampling those rows cannot show that another might be.

    A share has Wilson's interval, the others have none.
    """
    denominators = {"accuracy": len(scored), "exact_match": len(scored)}
    if scored.kind == "Binary":
        denominators |= {"precision": int(scored.predicted.sum()), "recall": int(scored.truth.sum())}
    if name not in denominators:
        return None, None
    return float(wilson(np.ones(1), np.array([denominators[name]]))[0][0]), 1.0


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, 0 where below is 0: scikit-learn's zero_division=0."""
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


def _mean(terms: np.ndarray) -> Formula:
    column = terms.astype(np.float32)
    return lambda w: (w @ column).astype(np.float64) / w.shape[1]


def _sums(scored: Scored) -> dict[str, Formula]:
    """The formulas over weighted sums, by scikit-learn's names."""
    if scored.kind == "Regression":
        return _regression(scored)
    if scored.kind == "Multilabel":
        hits = (scored.truth & scored.predicted).astype(np.float32)
        counts = _counts(hits, scored.predicted.astype(np.float32), scored.truth.astype(np.float32))
        half = scored.probabilities > 0.5
        at_half = _averages(
            _counts((scored.truth & half).astype(np.float32), half.astype(np.float32), scored.truth.astype(np.float32))
        )
        wrong = (scored.truth != scored.predicted).mean(axis=1)
        right = (wrong == 0).astype(np.float32)
        per_row = {f"{name}_samples": _mean(_over(scored_hits, below)) for name, scored_hits, below in _per_row(scored)}
        return {
            **_averages(counts),
            **per_row,
            **{f"{name}_at_half": at_half[name] for name in ("f1_macro", "f1_micro")},
            "hamming_loss": _mean(wrong),
            "accuracy": _mean(right),
            "exact_match": _mean(right),
            "log_loss": _mean(scored.losses),
            "brier": _mean(((scored.probabilities - scored.truth) ** 2).mean(axis=1)),
        }
    right = (scored.truth == scored.predicted).astype(np.float32)
    classes = np.arange(len(scored.labels))
    truth, predicted = (codes[:, None] == classes for codes in (scored.truth, scored.predicted))
    hits = (truth & predicted).astype(np.float32)
    forms = {
        **_averages(_counts(hits, predicted.astype(np.float32), truth.astype(np.float32))),
        "accuracy": _mean(right),
        "log_loss": _mean(scored.losses),
    }
    forms["balanced_accuracy"] = forms["recall_macro"]
    squared = ((scored.per_class - truth) ** 2).sum(axis=1)
    forms["brier"] = forms["brier_score"] = _mean(squared / 2 if scored.kind == "Binary" else squared)
    if scored.kind == "Binary":
        one = _counts(hits[:, 1:], predicted[:, 1:].astype(np.float32), truth[:, 1:].astype(np.float32))
        forms |= {name: _averages(one)[f"{name}_macro"] for name in ("precision", "recall", "f1")}
    return forms


def _per_row(scored: Scored) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """For each metric that multilabel averages over rows: its name, what stands above the line and what below it."""
    hits, predicted, truth = (
        (part.sum(axis=1).astype(np.float64)) for part in (scored.truth & scored.predicted, scored.predicted, scored.truth)
    )
    return [("precision", hits, predicted), ("recall", hits, truth), ("f1", 2 * hits, predicted + truth)]


Counts = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _counts(hits: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> Counts:
    """weights (R, B) -> how often each class was hit, predicted and true, each (R, C)."""
    classes = hits.shape[1]
    terms = np.concatenate([hits, predicted, truth], axis=1)  # (B, 3C)
    memory: list[tuple[np.ndarray, np.ndarray]] = []  # the last weights and their sums: nine metrics ask for the same

    def counts(w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not memory or memory[0][0] is not w:
            memory[:] = [(w, (w @ terms).astype(np.float64))]
        sums = memory[0][1]
        return sums[:, :classes], sums[:, classes : 2 * classes], sums[:, 2 * classes :]

    return counts


def _averages(counts: Counts) -> dict[str, Formula]:
    def precision(w: np.ndarray) -> np.ndarray:
        hit, predicted, _ = counts(w)
        return _over(hit, predicted)

    def recall(w: np.ndarray) -> np.ndarray:
        hit, _, truth = counts(w)
        return _over(hit, truth)

    def f1(w: np.ndarray) -> np.ndarray:
        hit, predicted, truth = counts(w)
        return _over(2 * hit, predicted + truth)

    def weighted(per_class: Formula) -> Formula:
        return lambda w: (per_class(w) * counts(w)[2]).sum(axis=1) / counts(w)[2].sum(axis=1)

    forms: dict[str, Formula] = {}
    for name, per_class in (("precision", precision), ("recall", recall), ("f1", f1)):
        forms[f"{name}_macro"] = lambda w, per_class=per_class: per_class(w).mean(axis=1)  # type: ignore[misc]
        forms[f"{name}_weighted"] = weighted(per_class)

    def micro(first: int | None) -> Formula:
        def form(w: np.ndarray) -> np.ndarray:
            hit, predicted, truth = (part.sum(axis=1) for part in counts(w))
            return _over(hit, (predicted, truth)[first]) if first is not None else _over(2 * hit, predicted + truth)

        return form

    return {**forms, "precision_micro": micro(0), "recall_micro": micro(1), "f1_micro": micro(None)}


def _regression(scored: Scored) -> dict[str, Formula]:
    error = scored.predicted - scored.truth
    centred = scored.truth - scored.truth.mean()  # near zero, so that the sum of squares keeps its digits
    squared, first, second = _mean(error**2), _mean(centred), _mean(centred**2)

    def r2(w: np.ndarray) -> np.ndarray:
        spread = second(w) - first(w) ** 2
        return 1 - np.divide(squared(w), spread, out=np.full(len(spread), np.nan), where=spread > 0)

    share = np.abs(error) / np.maximum(np.abs(scored.truth), np.finfo(np.float64).eps)
    return {"mse": squared, "rmse": lambda w: np.sqrt(squared(w)), "mae": _mean(np.abs(error)), "r2": r2, "mape": _mean(share)}


def ranking(scored: Scored) -> dict[str, Formula]:
    """ROC AUC and average precision; over several classes the plain mean of one class against the rest."""
    if scored.kind == "Regression" or (scored.kind == "Binary" and len(np.unique(scored.truth)) < 2):
        return {}
    if scored.kind == "Binary":
        curves = [_curve(scored.probabilities, scored.truth == 1)]
    elif scored.kind == "Multiclass":
        curves = [_curve(scored.probabilities[:, c], scored.truth == c) for c in range(len(scored.labels))]
    else:
        curves = [_curve(scored.probabilities[:, c], scored.truth[:, c]) for c in range(len(scored.labels))]
    memory: list[tuple[np.ndarray, np.ndarray]] = []

    def both(w: np.ndarray) -> np.ndarray:
        if not memory or memory[0][0] is not w:
            each = np.stack([curve(w) for curve in curves])  # (C, 2, R)
            defined = np.isfinite(each)
            total, number = np.where(defined, each, 0).sum(axis=0), defined.sum(axis=0)
            memory[:] = [(w, np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0))]
        return memory[0][1]

    auc: Formula = lambda w: both(w)[0]  # noqa: E731
    precision: Formula = lambda w: both(w)[1]  # noqa: E731
    return {"roc_auc": auc, "roc_auc_macro": auc, "average_precision": precision, "average_precision_macro": precision}


def _curve(probability: np.ndarray, positive: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """weights (R, B) -> (2, R): ROC AUC and average precision, rows of equal probability taken together."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # last row of each group of equal probability
    is_positive = positive[order].astype(np.float32)

    def curve(w: np.ndarray) -> np.ndarray:
        drawn = w[:, order]
        everyone = np.cumsum(drawn, axis=1)
        drawn *= is_positive
        found = np.cumsum(drawn, axis=1)
        if len(ends) < w.shape[1]:
            everyone, found = everyone[:, ends], found[:, ends]
        gained = np.diff(found, axis=1, prepend=np.float32(0))
        positives = found[:, -1].astype(np.float64)
        negatives = everyone[:, -1] - positives
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.divide(found, everyone, out=np.zeros_like(found), where=everyone > 0)
            precision = np.einsum("ij,ij->i", gained, share) / positives
            # a positive beats every negative that comes after its group, and half of those in its group
            false = everyone - found
            same = np.diff(false, axis=1, prepend=np.float32(0))
            behind = np.einsum("ij,ij->i", gained, false - same / 2)
            auc = 1 - behind / (positives * negatives)
        return np.stack([np.where(negatives > 0, auc, np.nan), np.where(positives > 0, precision, np.nan)])

    return curve
