"""Which pictures a run gets, with the words that stand for them where they cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..plain.table import Table
from . import plots, plots_scored
from .importance import Importance
from .scored import Scored
from .series_pictures import example_series
from .wording import title

GRID = 140  # values along each axis of the decision boundary
MOST_BARS = 30


@dataclass(frozen=True)
class Picture:
    """A PNG, the section of the report it stands in, and its description for those who cannot see it."""

    name: str  # file name without .png
    section: str  # curves, matrix, ranking, calibration, residuals, labels, importance, data, boundary
    alt: str
    png: bytes


def draw(
    outcome: Any,
    scored: Scored,
    classic: Scored | None,
    columns: Importance | None,
    per_class: list[dict[str, Any]],
    *,
    part: str = "test",
    rival: str = "boosted trees",
) -> list[Picture]:
    """Every picture that makes sense for the task, in the order of the report. classic: the rows as a baseline scored them."""
    task = outcome.preparation.task
    found = _history(outcome.history, task.headline, outcome.best_epoch)
    found += _target(outcome, scored)
    if scored.kind in ("Binary", "Multiclass"):
        counts = confusion_counts(scored)
        right = float(np.trace(counts) / max(counts.sum(), 1))
        if len(scored.labels) <= plots.MOST_CLASSES:
            alt = f"Confusion matrix of {part} rows: {right:.1%} lie on the diagonal."
            found.append(Picture("confusion_matrix", "matrix", alt, plots.confusion(counts, scored.labels)))
        if pairs := confused_pairs(counts, scored.labels):
            names = [f"{plots.shorten(one['true'], 14)} taken for {plots.shorten(one['predicted'], 14)}" for one in pairs]
            bars = plots.bars("Most confused pairs", names, [one["rows"] for one in pairs], f"{part} rows")
            found.append(Picture("confused_pairs", "matrix", f"The most confused pairs; first: {names[0]}.", bars))
    if scored.kind == "Multilabel":
        shown = sorted(per_class, key=lambda one: -one["support"])[:MOST_BARS]
        measures = {name: [one[name] for one in shown] for name in ("precision", "recall", "f1")}
        found.append(
            Picture(
                "labels",
                "labels",
                "Precision, recall and F1 of each label; the table beside it has the numbers.",
                plots.label_bars([one["label"] for one in shown], measures),
            )
        )
    if scored.kind != "Regression" and plots_scored.one_against_rest(scored):
        found.append(
            Picture(
                "roc",
                "ranking",
                "ROC curve: true positive rate over false positive rate.",
                plots_scored.roc(scored, classic, rival),
            )
        )
        found.append(
            Picture(
                "precision_recall", "ranking", "Precision over recall.", plots_scored.precision_recall(scored, classic, rival)
            )
        )
    if scored.kind == "Regression":
        unit = outcome.config.targets[0].name
        found.append(
            Picture(
                "predicted_and_true",
                "residuals",
                f"Predicted over true {unit} of {part} rows.",
                plots_scored.predicted_and_true(scored, plots.shorten(unit, 24)),
            )
        )
        errors = {"net": scored.predicted - scored.truth}
        if classic is not None:
            errors[rival] = classic.predicted - classic.truth
        found.append(
            Picture(
                "residuals",
                "residuals",
                "Histogram of predicted minus true value.",
                plots.histogram("Residuals", errors, f"predicted - true {plots.shorten(unit, 24)}", zero=True),
            )
        )
    else:
        found.append(
            Picture(
                "calibration",
                "calibration",
                "Calibration: share that was right over the predicted probability.",
                plots_scored.calibration(scored),
            )
        )
    if columns is not None:
        most = columns.columns[:MOST_BARS]
        found.append(
            Picture(
                "importance",
                "importance",
                f"Rise of the {columns.measure} when a column is shuffled; first: {most[0]}.",
                plots.bars(
                    "Importance of the columns",
                    most,
                    columns.rise[:MOST_BARS],
                    f"rise of the {columns.measure}",
                    columns.spread[:MOST_BARS],
                ),
            )
        )
    return found + _series(outcome, scored, part) + _boundary(outcome, scored, part)


def confusion_counts(scored: Scored) -> np.ndarray:
    """How often class i was taken for class j. Shape: int64 (C, C)."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(scored.truth, scored.predicted, labels=np.arange(len(scored.labels)))


def confused_pairs(counts: np.ndarray, labels: Sequence[str], most: int = 15) -> list[dict[str, Any]]:
    """Which class was most often taken for which other one, with the share of its rows; none for two classes.

    >>> confused_pairs(np.array([[8, 2, 0], [0, 9, 0], [1, 0, 3]]), ["cat", "dog", "fox"])[0]
    {'true': 'cat', 'predicted': 'dog', 'rows': 2, 'share': 0.2}
    """
    if len(labels) < 3:
        return []
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(labels)) for place in order if wrong.flat[place] > 0]
    return [
        {"true": labels[i], "predicted": labels[j], "rows": int(wrong[i, j]), "share": float(wrong[i, j] / counts[i].sum())}
        for i, j in pairs
    ]


def class_counts(outcome: Any, scored: Scored) -> dict[str, np.ndarray]:
    """Rows of each class (or with each label) per split."""
    counts = {}
    for part in ("train", "validation", "test"):
        rows = outcome.split.get(part, np.zeros(0, np.int64))
        if not len(rows):
            continue
        target = outcome.preparation.target(outcome.table.rows(rows)).numpy()
        counts[part] = (
            (target > 0.5).sum(axis=0)
            if scored.kind == "Multilabel"
            else np.bincount(target.astype(np.int64), minlength=len(scored.labels))
        )
    return counts


def _history(history: dict[str, list], headline: str, best_epoch: int) -> list[Picture]:
    if not history.get("epoch"):
        return []
    names = dict.fromkeys(["loss", headline, "accuracy"])
    drawn = [name for name in names if f"val_{name}" in history or f"train_{name}" in history]
    if "log_loss" in drawn and np.allclose(history["val_log_loss"], history["val_loss"], rtol=1e-4, equal_nan=True):
        drawn.remove("log_loss")  # the same curve twice
    found = [
        Picture(
            f"curve_{name}",
            "curves",
            f"The {title(name)} of train and validation rows over the epochs; the weights of epoch {best_epoch} were kept.",
            plots.curves(history, name, best_epoch),
        )
        for name in drawn
    ]
    if "learning_rate" in history:
        found.append(Picture("learning_rate", "curves", "The learning rate over the epochs.", plots.learning_rate(history)))
    return found


def _target(outcome: Any, scored: Scored) -> list[Picture]:
    if scored.kind == "Regression":
        name = outcome.config.targets[0].name
        values = {
            part: np.asarray(outcome.table[name])[rows]
            for part, rows in ((part, outcome.split[part]) for part in ("train", "validation", "test"))
            if len(rows)
        }
        return [
            Picture(
                "target",
                "data",
                f"Distribution of {name} in each split.",
                plots.histogram(f"Distribution of {plots.shorten(name, 24)}", values, plots.shorten(name, 24)),
            )
        ]
    counts = class_counts(outcome, scored)
    word = "Labels" if scored.kind == "Multilabel" else "Classes"
    return [
        Picture(
            "classes",
            "data",
            f"{word} in each split, as shares of the rows; the table beside it has the numbers.",
            plots.shares(f"{word} in each split", scored.labels, counts, {part: len(outcome.split[part]) for part in counts}),
        )
    ]


def _series(outcome: Any, scored: Scored, part: str) -> list[Picture]:
    """Example series of each class, where the rows are whole series."""
    if not any(column.type == "series" for column in outcome.config.inputs) or scored.kind not in ("Binary", "Multiclass"):
        return []
    words = f"Some {part} series of each class; those taken for another class are thick and red."
    return [Picture("example_series", "data", words, example_series(outcome, scored, part))]


def _boundary(outcome: Any, scored: Scored, part: str) -> list[Picture]:
    """For exactly two number columns: what the net says over the plane of their values."""
    inputs = outcome.config.inputs
    if [column.type for column in inputs] != ["number", "number"] or scored.kind == "Multilabel":
        return []
    rows = outcome.split[part]
    points = [np.asarray(outcome.table[column.name])[rows] for column in inputs]
    seen = np.isfinite(points[0]) & np.isfinite(points[1])
    if seen.sum() < 2:
        return []
    axes = []
    for values in points:
        low, high = np.quantile(values[seen], [0.005, 0.995])
        gap = 0.05 * (high - low) or 1.0
        axes.append(np.linspace(low - gap, high + gap, GRID))
    x, y = np.meshgrid(*axes)  # (GRID, GRID)
    plane = Table({inputs[0].name: x.reshape(-1), inputs[1].name: y.reshape(-1)}, {"data": range(x.size)})
    device = next((parameter.device for parameter in outcome.model.parameters()), torch.device("cpu"))
    with torch.inference_mode():
        scores = (
            outcome.model({kind: tensor.to(device) for kind, tensor in outcome.preparation.inputs(plane).items()}).float().cpu()
        )
    said = outcome.preparation.task.probabilities(scores).numpy()
    field = (said.argmax(axis=1) if scored.kind == "Multiclass" else said).reshape(GRID, GRID)
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(seen))[:600]
    what = (
        f"P({plots.shorten(scored.labels[1])})" if scored.kind == "Binary" else plots.shorten(outcome.config.targets[0].name, 24)
    )
    legend = scored.labels if scored.kind != "Regression" and len(scored.labels) <= 10 else []
    picture = plots_scored.boundary(
        field,
        axes[0],
        axes[1],
        (points[0][chosen], points[1][chosen], scored.truth[chosen]),
        (inputs[0].name, inputs[1].name),
        legend,
        what,
    )
    return [
        Picture(
            "boundary",
            "boundary",
            f"What the net says for every pair of {inputs[0].name} and {inputs[1].name}, with {part} rows.",
            picture,
        )
    ]
