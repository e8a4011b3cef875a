"""What trees get of a whole series: its shape in a few means, and how its values lie. Used by baselines.py and errors.py."""

from __future__ import annotations

import numpy as np

from ..plain.table import Sequences

PIECES = 16  # equal stretches of a series whose means are taken, as piecewise aggregate approximation has it (Keogh et al. 2001)


def summaries(cells: Sequences) -> np.ndarray:
    """Means of stretches, and mean, deviation, extremes, slope, roughness and length of each series.

    Shape: float64 (n, PIECES + 8).
    """
    return np.stack([summary(cells.values[start:end]) for start, end in zip(cells.starts, cells.ends, strict=True)])


def summary(values: np.ndarray) -> np.ndarray:
    """The figures of one series, NaN where it has none.

    >>> summary(np.array([1.0, 2.0, 3.0]))[PIECES : PIECES + 4]
    array([2.        , 0.81649658, 1.        , 3.        ])
    """
    made = np.full(PIECES + 8, np.nan)
    known = values[np.isfinite(values)]
    if not len(known):
        return made
    edges = np.linspace(0, len(values), PIECES + 1)
    for piece in range(PIECES):
        part = values[int(edges[piece]) : max(int(edges[piece]) + 1, int(edges[piece + 1]))]
        if np.isfinite(part).any():
            made[piece] = np.nanmean(part)
    steps = np.diff(known)
    slope = np.polyfit(np.arange(len(known)), known, 1)[0] if len(known) > 1 else 0.0
    spread = known.std()
    together = (
        np.corrcoef(known[1:], known[:-1])[0, 1]
        if len(known) > 2 and steps.any() and spread and known[1:].std() and known[:-1].std()
        else 0.0
    )
    rough = np.abs(steps).mean() if len(steps) else 0.0
    made[PIECES:] = [known.mean(), spread, known.min(), known.max(), slope, rough, together, len(values)]
    return made


def in_words(values: np.ndarray) -> str:
    """One series in a cell of a table.

    >>> in_words(np.array([1.0, 2.5, 3.0, 4.0, 5.0]))
    '5 steps: 1, 2.5, 3, ...'
    """
    shown = ", ".join(f"{value:.3g}" for value in values[:3].tolist())
    return f"{len(values):,} steps: {shown}{', ...' if len(values) > 3 else ''}"
