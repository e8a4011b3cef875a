"""Pictures of predictions beside the truth: ROC, precision and recall, calibration, residuals, decision boundary.

Each function draws one panel in the style of plots.py and gives back its PNG.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .intervals import wilson
from .plots import BLUE, COLOURS, GREY, ORANGE, RED, panel, shorten
from .scored import Scored

MOST_CURVES = 10


def one_against_rest(scored: Scored) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Curves to draw: label, truth 0/1, probability. Classes without both kinds of rows have no curve."""
    if scored.kind == "Binary":
        both = 0 < scored.truth.sum() < len(scored)
        return [(scored.labels[1], scored.truth == 1, scored.probabilities)] if both else []
    truth = scored.truth if scored.kind == "Multilabel" else scored.truth[:, None] == np.arange(len(scored.labels))
    found = [(label, truth[:, c], scored.per_class[:, c]) for c, label in enumerate(scored.labels)]
    return [one for one in found if 0 < one[1].sum() < len(one[1])]


def roc(scored: Scored, baseline: Scored | None = None, rival: str = "boosted trees") -> bytes:
    """ROC curves: the net against a baseline where binary, else one class against the rest and their mean."""
    from sklearn.metrics import roc_curve

    grid = np.linspace(0, 1, 301)
    with panel("ROC curve", "false positive rate", "true positive rate", width=4.4, height=4.0) as made:
        made.axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        curves_of = {"net": scored, rival: baseline} if scored.kind == "Binary" and baseline else {"net": scored}
        for number, (who, one) in enumerate(curves_of.items()):
            drawn = [(label, *roc_curve(truth, p)[:2]) for label, truth, p in one_against_rest(one)] if one else []
            if one and one.kind == "Binary":
                for _, x, y in drawn:
                    made.axes.plot(x, y, color=[BLUE, ORANGE][number], label=who, linestyle=["-", "--"][number])
                continue
            for place, (label, x, y) in enumerate(drawn if len(drawn) <= MOST_CURVES else []):
                made.axes.plot(x, y, color=COLOURS[place % len(COLOURS)], linewidth=1, label=shorten(label, 14))
            if len(drawn) > 1:
                mean = np.mean([np.interp(grid, x, y) for _, x, y in drawn], axis=0)
                made.axes.plot(grid, mean, color="black", linewidth=2.2, label=f"mean of {len(drawn)} classes")
        made.axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        made.axes.legend(loc="lower right")
    return made.png


def precision_recall(scored: Scored, baseline: Scored | None = None, rival: str = "boosted trees") -> bytes:
    from sklearn.metrics import precision_recall_curve

    with panel("Precision and recall", "recall", "precision", width=4.4, height=4.0) as made:
        rest = one_against_rest(scored)
        many = scored.kind != "Binary"
        if many and len(rest) > MOST_CURVES:  # all classes in one curve: every cell of the table of probabilities counts
            truth, p = (np.concatenate([one[i] for one in rest]) for i in (1, 2))
            rest = [(f"all {len(rest)} classes together", truth, p)]
        sets = [(label, truth, p, COLOURS[i % len(COLOURS)], "-") for i, (label, truth, p) in enumerate(rest)]
        if not many and rest:
            sets = [("net", *rest[0][1:], BLUE, "-")]
            sets += [(rival, *one[1:], ORANGE, "--") for one in (one_against_rest(baseline) if baseline else [])]
            made.axes.axhline(rest[0][1].mean(), color=GREY, linewidth=1, linestyle=":", label="share of positives")
        for label, truth, p, colour, line in sets:
            precision, recall, _ = precision_recall_curve(truth, p, drop_intermediate=True)
            made.axes.plot(
                recall, precision, color=colour, linestyle=line, linewidth=1.6 if not many else 1.1, label=shorten(label, 26)
            )
        made.axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        made.axes.legend(loc="lower left")
    return made.png


def calibration(scored: Scored, bins: int = 10) -> bytes:
    """Of the rows given about 70%, were 70% right? Beneath, how many rows each point stands for.

    Binary: probability of the positive label; multiclass: of the predicted class; multilabel: of every label.
    """
    if scored.kind == "Multiclass":
        p, hit = scored.per_class.max(axis=1), scored.predicted == scored.truth
        x, y = "probability of the predicted class", "share that was right"
    else:
        p, hit = scored.probabilities.reshape(-1), scored.truth.reshape(-1).astype(bool)
        x, y = "predicted probability", "share that was true"
    place = np.minimum((p * bins).astype(int), bins - 1)
    number = np.bincount(place, minlength=bins)
    full = number > 0
    mean, rate = (np.bincount(place, v, minlength=bins)[full] / number[full] for v in (p, hit))
    low, high = wilson(rate, number[full])
    with panel("Calibration", x, y, width=4.4, height=4.0) as made:
        made.axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="perfect")
        made.axes.errorbar(
            mean,
            rate,
            yerr=np.stack([rate - low, high - rate]),
            color=BLUE,
            marker="o",
            markersize=4,
            elinewidth=1,
            label="net, with 95% interval",
        )
        counts = made.axes.twinx()
        counts.bar((np.arange(bins) + 0.5) / bins, number, width=0.9 / bins, color=GREY, alpha=0.25)
        counts.set(ylim=(0, number.max() * 4), ylabel="rows (bars)")
        counts.grid(False)
        made.axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.04))
        made.axes.legend(loc="upper left")
    return made.png


def predicted_and_true(scored: Scored, unit: str) -> bytes:
    """Each test row by its true and its predicted value; at most 4000 rows are drawn."""
    rows = np.random.default_rng(0).permutation(len(scored))[:4000]
    with panel("Predicted and true", f"true {unit}", f"predicted {unit}", width=4.4, height=4.0) as made:
        size = float(np.clip(6000 / max(len(rows), 1), 3, 18))
        made.axes.scatter(scored.truth[rows], scored.predicted[rows], s=size, alpha=0.35, color=BLUE, linewidths=0)
        low, high = np.quantile(np.concatenate([scored.truth, scored.predicted]), [0.001, 0.999])
        gap = 0.04 * (high - low) or 1.0
        made.axes.plot([low, high], [low, high], color=RED, linewidth=1, linestyle="--", label="equal")
        made.axes.set(xlim=(low - gap, high + gap), ylim=(low - gap, high + gap))
        made.axes.legend(loc="upper left")
    return made.png


def boundary(
    field: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    names: tuple[str, str],
    legend: Sequence[str],
    what: str,
) -> bytes:
    """Test rows scattered over what the net says for every pair of values, from red (low) over yellow to blue (high).

    Shape: field (len(y), len(x)); points x, y and value per row; legend one label per class, empty for numbers.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    colours = colormaps["RdYlBu"]
    top = max(1, len(legend) - 1) if legend else None
    norm = Normalize(0, top) if legend else Normalize(*np.quantile(points[2], [0.02, 0.98]))
    with panel(
        "Decision boundary" if legend else "Prediction", shorten(names[0], 30), shorten(names[1], 30), width=5.4, height=4.2
    ) as made:
        image = made.axes.imshow(
            field,
            extent=(x[0], x[-1], y[0], y[-1]),
            origin="lower",
            aspect="auto",
            cmap=colours,
            norm=norm,
            alpha=0.75,
            interpolation="bilinear" if len(legend) <= 2 else "nearest",
        )
        for code, label in enumerate(legend):
            chosen = points[2] == code
            made.axes.scatter(
                points[0][chosen],
                points[1][chosen],
                s=16,
                color=colours(norm(code)),
                edgecolors="#222222",
                linewidths=0.6,
                label=shorten(label, 16),
            )
        if not legend:
            made.axes.scatter(
                points[0], points[1], s=16, c=points[2], cmap=colours, norm=norm, edgecolors="#222222", linewidths=0.6
            )
        if len(legend) <= 2:
            made.figure.colorbar(image, ax=made.axes, label=what)
        made.axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        made.axes.grid(False)
        if legend:
            made.axes.legend(loc="upper right", frameon=True, framealpha=0.9)
    return made.png
