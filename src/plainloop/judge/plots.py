"""Pictures of a run as PNG: the house style, curves, confusion matrix, bars and histograms; plots_scored.py has the others.

Each function draws one small panel that is still readable on a phone; `draw` in pictures.py decides which ones a run gets.
matplotlib is loaded on the first picture, and only its Figure objects are used: no pyplot, no global state.
Colours are those of M. Okabe and K. Ito (2008), told apart by colour-blind readers.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .wording import title as in_words

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"
COLOURS = [BLUE, RED, GREEN, ORANGE, "#CC79A7", "#56B4E9", "#4D4D99", "#B8A500", "#7B4FA3", "#8A5A2B"]
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.8,
    "axes.labelcolor": "#333333",
    "text.color": "#222222",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "text.parse_math": False,
}
DPI = 130
MOST_CLASSES = 30  # that a confusion matrix or a bar chart can show
MOST_SHARES = 15  # classes whose share in each split is drawn; the table has the others


class Panel:
    """One axes and, once the `with` block is left, its PNG."""

    def __init__(self, figure: Any, axes: Any):
        self.figure, self.axes, self.png = figure, axes, b""


@contextmanager
def panel(title: str, x: str = "", y: str = "", *, width: float = 5.2, height: float = 3.5) -> Iterator[Panel]:
    """A titled figure of inches width x height in the house style; the PNG is in `.png` afterwards."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():  # type: ignore[arg-type]
        # a label in a script that the font lacks shows boxes; the page has it in words
        warnings.simplefilter("ignore", UserWarning)
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        made = Panel(figure, figure.subplots())
        made.axes.set(title=title, xlabel=x, ylabel=y)
        yield made
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
        made.png = file.getvalue()


def logarithmic(axes: Any) -> None:
    """A logarithmic x axis with plain numbers below it: those of matplotlib are formulas, which labels are not read as."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")


def points(epochs: Sequence[int]) -> dict[str, Any]:
    """How the points of a curve are drawn: seen where they are few, for a line through one of them is nothing."""
    return {"marker": "o" if len(epochs) < 15 else None, "markersize": 3}


def shorten(text: str, limit: int = 18) -> str:
    """A label that fits an axis; control characters and line breaks become spaces."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def curves(history: dict[str, list], name: str, best_epoch: int) -> bytes:
    """train_<name> and val_<name> over the epochs, the epoch whose weights were kept marked."""
    words = in_words(name)
    with panel(words[:1].upper() + words[1:], "epoch", words) as made:
        epochs = history["epoch"]
        for part, label, colour in (("train", "train", BLUE), ("val", "validation", RED)):
            values = np.array([np.nan if v is None else v for v in history.get(f"{part}_{name}", [])], float)
            if np.isfinite(values).any():
                made.axes.plot(
                    epochs,
                    values,
                    color=colour,
                    label=label,
                    linestyle="-" if part == "train" else "--",
                    **points(epochs),
                )
        if best_epoch in epochs:
            made.axes.axvline(best_epoch, color=GREY, linewidth=1, linestyle=":", label=f"kept ({best_epoch})")
        made.axes.xaxis.get_major_locator().set_params(integer=True)
        made.axes.legend()
    return made.png


def learning_rate(history: dict[str, list]) -> bytes:
    with panel("Learning rate", "epoch", "learning rate", height=2.2) as made:
        made.axes.plot(history["epoch"], history["learning_rate"], color=BLUE, drawstyle="steps-post")
        made.axes.set_ylim(bottom=0)
        made.axes.xaxis.get_major_locator().set_params(integer=True)
    return made.png


def confusion(counts: np.ndarray, labels: Sequence[str]) -> bytes:
    """Counts, shaded by the share of the true class (row)."""
    n = len(labels)
    side = float(np.clip(1.6 + 0.62 * n, 3.6, 9.5))
    with panel("Confusion matrix", "predicted", "true", width=side + 0.6, height=side) as made:
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        made.axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        made.axes.grid(False)
        names = [shorten(label, 16 if n <= 12 else 10) for label in labels]
        upright = n * max(map(len, names)) > 34
        made.axes.set_xticks(range(n), names, rotation=90 if upright else 0)
        made.axes.set_yticks(range(n), names)
        size = 10 if n <= 4 else 8 if n <= 12 else 5.5
        for i, j in np.ndindex(n, n) if n <= 12 else zip(*np.nonzero(counts), strict=True):
            text = f"{counts[i, j]:,}" + (f"\n{share[i, j]:.1%}" if n <= 6 else "")
            made.axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if share[i, j] > 0.5 else "#222222")
    return made.png


def bars(title: str, names: Sequence[str], values: Sequence[float], x: str, spread: Any = None) -> bytes:
    """Horizontal bars, the first on top. spread: on both sides of each value, or on each of them, (n,) or (2, n)."""
    with panel(title, x, height=float(np.clip(0.9 + 0.24 * len(names), 2.0, 9.0))) as made:
        places = np.arange(len(names))
        made.axes.barh(places, values, xerr=spread, color=BLUE, height=0.7, error_kw={"ecolor": GREY, "elinewidth": 1})
        made.axes.set_yticks(places, [shorten(name, 36) for name in names])
        made.axes.margins(y=0.02)
        made.axes.invert_yaxis()
        made.axes.grid(axis="y", visible=False)
    return made.png


def label_bars(names: Sequence[str], measures: Mapping[str, Sequence[float]]) -> bytes:
    """Several measures between 0 and 1 per label, side by side."""
    with panel("Per label", "", height=float(np.clip(1.2 + 0.42 * len(names), 2.4, 11.0))) as made:
        places = np.arange(len(names))
        high = 0.8 / len(measures)
        for number, (measure, values) in enumerate(measures.items()):
            made.axes.barh(
                places + (number - (len(measures) - 1) / 2) * high, values, height=high, label=measure, color=COLOURS[number]
            )
        made.axes.set_yticks(places, [shorten(name, 28) for name in names])
        made.axes.margins(y=0.02)
        made.axes.invert_yaxis()
        made.axes.set_xlim(0, 1)
        made.axes.grid(axis="y", visible=False)
        made.figure.legend(ncols=len(measures), loc="outside lower center")
    return made.png


def shares(title: str, labels: Sequence[str], counts: dict[str, np.ndarray], totals: dict[str, int]) -> bytes:
    """The share of the rows that each class or label has in each split."""
    order = np.argsort(-next(iter(counts.values())), kind="stable")[:MOST_SHARES]
    with panel(title, "share of the rows", height=float(np.clip(1.2 + 0.36 * len(order), 2.2, 9.0))) as made:
        high = 0.8 / len(counts)
        for number, (part, count) in enumerate(counts.items()):
            made.axes.barh(
                np.arange(len(order)) + (number - (len(counts) - 1) / 2) * high,
                count[order] / totals[part],
                height=high,
                color=[BLUE, ORANGE, GREEN][number % 3],
                label=part,
            )
        made.axes.set_yticks(range(len(order)), [shorten(labels[i]) for i in order])
        made.axes.margins(y=0.02)
        made.axes.invert_yaxis()
        made.axes.grid(axis="y", visible=False)
        made.figure.legend(ncols=len(counts), loc="outside lower center")
    return made.png


def attention(title: str, weights: np.ndarray, read: Sequence[str], written: Sequence[str]) -> bytes:
    """What was looked at: the source's tokens across, the answer's tokens down, the darker the more. Shape: (T, S)."""
    width, height = (float(np.clip(1.4 + 0.26 * len(names), 3.0, 9.5)) for names in (read, written))
    with panel(title, "source", "answer", width=width, height=height) as made:
        made.axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        made.axes.grid(False)
        made.axes.set_xticks(range(len(read)), [shorten(word, 14) for word in read], rotation=90, fontsize=7)
        made.axes.set_yticks(range(len(written)), [shorten(word, 14) for word in written], fontsize=7)
    return made.png


def histogram(title: str, values: dict[str, np.ndarray], x: str, zero: bool = False) -> bytes:
    """The distributions of one number, over the middle 99.8% of all values."""
    every = np.concatenate(list(values.values()))
    low, high = np.quantile(every, [0.001, 0.999])
    bins = int(np.clip(2 * min(map(len, values.values())) ** 0.5, 8, 40))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    with panel(title, x, "share of the rows") as made:
        for number, (part, one) in enumerate(values.items()):
            count, _ = np.histogram(np.clip(one, edges[0], edges[-1]), edges)
            made.axes.stairs(
                count / max(len(one), 1),
                edges,
                color=COLOURS[number],
                fill=len(values) == 1,
                label=part,
                linewidth=1.4,
                alpha=0.85,
            )
        if zero:
            made.axes.axvline(0, color=GREY, linewidth=1, linestyle=":")
        if len(values) > 1:
            made.axes.legend()
    return made.png
