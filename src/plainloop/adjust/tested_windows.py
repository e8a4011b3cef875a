"""The test windows of a forecast, out of its predictions.csv, as `paired` draws them again.

A row is a window, of those whose horizons do not overlap, which is what predictions.csv holds: a draw of whole windows keeps the
steps of a horizon together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..judge.intervals import Formula, resamples_for, weights

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class Tested:
    """Truth and prediction of each row, and the metrics as functions of how often each row was drawn."""

    kind: str
    truth: np.ndarray  # (B,) or (B, steps)
    predicted: np.ndarray
    forms: Mapping[str, Formula]
    values: Mapping[str, float | None]
    rows: np.ndarray  # what names a row: its number, or where a window begins
    labels: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.truth)

    def says_as(self, other: Any) -> bool:
        return isinstance(other, Tested) and np.array_equal(self.predicted, other.predicted)

    def drawn(self, seed: int = 0) -> dict[str, np.ndarray]:
        """The value of each metric in each resample; one seed and one number of rows draw the same rows."""
        found: dict[str, list[np.ndarray]] = {name: [] for name in self.forms}
        for chunk in weights(len(self), resamples_for(len(self)), seed):
            for name, form in self.forms.items():
                found[name].append(form(chunk))
        return {name: np.concatenate(parts) for name, parts in found.items() if parts}


def windows(columns: Columns, state: dict[str, Any]) -> Tested:
    """Windows of a forecast, in the unit of the targets; with several targets the mean over them, as everywhere."""
    steps = np.array(columns["step"], np.int64)
    horizon = int(steps.max())
    pairs = [(name, name.replace("truth", "prediction", 1)) for name in columns if name == "truth" or name.startswith("truth_")]
    truth = np.stack([numbers(columns[one]).reshape(-1, horizon) for one, _ in pairs], axis=2)  # (B, H, V)
    said = np.stack([numbers(columns[other]).reshape(-1, horizon) for _, other in pairs], axis=2)
    known = ~np.isnan(truth)
    error = np.where(known, said - truth, 0.0)
    count = known.sum(axis=1).astype(float)  # (B, V)
    away, squared = np.abs(error).sum(axis=1), np.square(error).sum(axis=1)

    def share(sums: np.ndarray) -> Formula:
        return lambda w: (w.astype(float) @ sums) / np.maximum(w.astype(float) @ count, 1.0)

    mae, mse = share(away), share(squared)
    forms: dict[str, Formula] = {
        "mae": lambda w: mae(w).mean(-1),
        "rmse": lambda w: np.sqrt(mse(w)).mean(-1),
        "mse": lambda w: mse(w).mean(-1),
    }
    once = np.ones((1, len(truth)), np.float32)
    values: dict[str, float | None] = {name: float(form(once)[0]) for name, form in forms.items()}
    given = [name for name in columns if name not in ("row", "step") and name.split("_")[0] not in FIGURES]
    begins = np.array([" ".join(columns[name][i] for name in given) for i in np.flatnonzero(steps == 1)])
    return Tested("Forecast", np.nan_to_num(truth.reshape(len(truth), -1)), said.reshape(len(said), -1), forms, values, begins)


FIGURES = ("truth", "prediction", "low", "high")


def numbers(cells: list[str]) -> np.ndarray:
    return np.array([float(cell) if cell else np.nan for cell in cells])
