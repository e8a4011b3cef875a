"""What a forecast is measured against: the repeat of the last season, and the drift line. Scored as the net is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..plain.slices import filled
from ..plain.table import Windows


def seasonal_repeat(outcome: Any, part: str) -> Tensor:
    """The value of a season ago (of the last one known), as scores: the last value where there is no season.

    R. J. Hyndman, G. Athanasopoulos, Forecasting: Principles and Practice (2021), section 5.2.
    """
    season = outcome.preparation.task.season

    def guess(values: np.ndarray, origins: np.ndarray, starts: np.ndarray, horizon: int) -> np.ndarray:
        ahead = np.arange(horizon) % season - season
        places = np.maximum(origins[:, None] + ahead, starts[:, None])  # (n, H); a young series repeats its first value
        return values[places]

    return scores_of(outcome, part, guess)


def drift(outcome: Any, part: str) -> Tensor:
    """The line from the first step of the look-back through the last one, as scores."""

    def guess(values: np.ndarray, origins: np.ndarray, starts: np.ndarray, horizon: int) -> np.ndarray:
        lookback = outcome.config.source.lookback
        last, first = values[origins - 1], values[origins - lookback]
        slope = (last - first) / max(1, lookback - 1)
        return last[:, None] + slope[:, None] * np.arange(1, horizon + 1)

    return scores_of(outcome, part, guess)


def scores_of(outcome: Any, part: str, guess: Any) -> Tensor:
    """The scores that a net would have given for a guess of each target. Shape: float32 (n, H * V * Q)."""
    task, made = outcome.preparation.task, []
    for column, scale in zip(outcome.config.targets, task.scales, strict=True):
        windows = outcome.table[column.name][outcome.split[part]]
        assert isinstance(windows, Windows)
        values = filled(scale.apply(windows), windows.series)
        first = np.concatenate([[True], np.diff(windows.series.codes) != 0])
        starts = np.maximum.accumulate(np.where(first, np.arange(len(values)), 0))[windows.origins]
        made.append(guess(values, windows.origins, starts, windows.horizon))
    scores = torch.from_numpy(np.stack(made, 2).astype(np.float32))  # (n, H, V)
    return scores[..., None].expand(*scores.shape, task.outputs).flatten(1)
