"""Example series of each class, for the report of a classification of whole series."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..plain.table import Sequences
from .plots import COLOURS, panel, shorten
from .scored import Scored

MOST_CLASSES, EACH = 6, 5


def example_series(outcome: Any, scored: Scored, part: str) -> bytes:
    """Some series of each class: thin where the net got them right, thick where it got them wrong. The first variable."""
    columns = [column for column in outcome.config.inputs if column.type == "series"]
    cells = outcome.table[columns[0].name][outcome.split[part]]
    assert isinstance(cells, Sequences)
    shown = np.argsort(-np.bincount(scored.truth, minlength=len(scored.labels)), kind="stable")[:MOST_CLASSES]
    height = 0.9 + 1.1 * len(shown)
    with panel("", width=6.4, height=height) as made:
        made.figure.clear()
        title = f"{part.capitalize()} series of each class: {shorten(columns[0].name, 24)}"
        made.figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=10)
        axes = np.atleast_1d(made.figure.subplots(len(shown), 1, sharex=True))
        for one, label in zip(axes, shown.tolist(), strict=True):
            rows = np.flatnonzero(scored.truth == label)
            rows = rows[np.argsort(-scored.losses[rows], kind="stable")]
            for row in [*rows[:1], *rows[1:][:: max(1, len(rows[1:]) // EACH)][:EACH]]:
                values = cells.values[cells.starts[row] : cells.ends[row]]
                wrong = scored.predicted[row] != label
                colour = COLOURS[1] if wrong else COLOURS[0]
                one.plot(values, color=colour, linewidth=1.8 if wrong else 0.8, alpha=0.9 if wrong else 0.6)
            one.set_title(shorten(scored.labels[label], 40), fontsize=8, fontweight="normal")
    return made.png
