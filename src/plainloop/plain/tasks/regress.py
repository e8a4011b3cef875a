# needs: scikit-learn
"""Regression: a number. The network learns the standardised target, every figure is in the target's own unit.

See classify.py for what a task is. Copied into ejected projects. Axes: B examples, K members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..config import Config
from ..table import Cells


class Regression:
    """A number.

    Shape: target float32 (B,), (value - mean) / std of the train rows; scores (B, 1) or (B, K, 1), on the same scale.
    """

    headline, higher_is_better = "rmse", False
    num_outputs = 1

    def __init__(self, mean: float, std: float, huber: bool = False):
        self.mean, self.std, self.huber = mean, std, huber

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config) -> Regression:
        values = np.asarray(cells[0])[train]
        return cls(float(values.mean()), float(values.std()) or 1.0, config.task.loss == "huber")

    def target(self, cells: list[Cells]) -> Tensor:
        return torch.from_numpy(((np.asarray(cells[0]) - self.mean) / self.std).astype(np.float32))

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        guess = self._members(scores)  # (B, K)
        wanted = target[:, None].expand_as(guess)
        return F.huber_loss(guess, wanted) if self.huber else F.mse_loss(guess, wanted)

    def probabilities(self, scores: Tensor) -> Tensor:
        """The predicted value in the target's unit. Shape: float64 (B,)."""
        return self._members(scores).mean(1).double() * self.std + self.mean

    def decode(self, scores: Tensor) -> list[float]:
        return self.probabilities(scores).tolist()

    def truth(self, target: Tensor) -> list[float]:
        return (target.double() * self.std + self.mean).tolist()

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over the rows of a batch, on its device: [loss, squared errors, absolute errors], the errors standardised."""
        error = self._members(scores).mean(1) - target
        return torch.stack([loss * len(target), error.square().sum(), error.abs().sum()])

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        return {
            "loss": tally[0] / num_rows,
            "rmse": (tally[1] / num_rows) ** 0.5 * self.std,
            "mae": tally[2] / num_rows * self.std,
        }

    def metrics(self, scores: Tensor, target: Tensor) -> dict[str, float | None]:
        """Every figure of the report, by scikit-learn, in the target's unit; None where it is not defined."""
        from sklearn import metrics as sk

        guess, truth = np.array(self.decode(scores)), np.array(self.truth(target))
        return {
            "rmse": sk.root_mean_squared_error(truth, guess),
            "mae": sk.mean_absolute_error(truth, guess),
            "r2": sk.r2_score(truth, guess) if np.ptp(truth) > 0 else None,
            "mse": sk.mean_squared_error(truth, guess),
        }

    def trivial(self, target: Tensor) -> Tensor:
        """The scores of the constant prediction that fits the target best. Shape: (1, 1)."""
        return target.mean().reshape(1, 1)

    def predict(self, model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return model(inputs)

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The columns of predictions.csv that say what was predicted."""
        return {"prediction": self.decode(scores)}

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std, "huber": self.huber}

    def _members(self, scores: Tensor) -> Tensor:
        if scores.shape[-1] != 1 or scores.dim() not in (2, 3):
            raise ValueError(f"the model gave scores of shape {tuple(scores.shape)}; expected (rows, 1) or (rows, members, 1)")
        return scores.flatten(1)
