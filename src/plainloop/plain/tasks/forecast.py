"""Forecast: the next H steps of one or more series. The network learns scaled values, every figure is in the targets' own unit.

See classify.py for what a task is. Intervals of 80% come from the errors on the validation rows, step by step (split conformal
prediction, Vovk et al. 2005; Lei et al. 2018, arXiv 1604.04173), with the quantile loss from the network itself, widened or
narrowed by the same rule (Romano et al. 2019, arXiv 1905.03222).
Copied into ejected projects. Axes: B examples, K members, H horizon, V target variables, Q outputs per step, S series.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..config import Config
from ..slices import Scale, Slices, slices
from ..table import Cells, Windows

QUANTILES = (0.1, 0.5, 0.9)
LOSSES = {"auto": "mse", "huber": "huber", "mae": "mae", "quantile": "quantile"}
FEWEST_ERRORS = 100  # validation windows from which on each step has errors of its own; below, neighbouring steps share theirs


def headline_of(targets: int, loss: str) -> str:
    """The metric that chooses the epoch: of one target in its unit, of several over all of them, scaled."""
    return "mae" if targets == 1 else "mse_standardised" if loss == "mse" else "mae_standardised"


class Forecast:
    """The next H steps of V variables.

    Shape: target float32 (B, H, V), (value - mean) / std of the train steps, NaN where unknown; where several series have a scale
    each, (B, H + 3, V) with its mean, std and naive error as three more steps. Scores (B, H * V * Q) or (B, K, H * V * Q) on the
    same scale, the steps outermost; Q is 3 for the quantile loss (10, 50, 90%), else 1.
    """

    higher_is_better = False

    def __init__(
        self,
        horizon: int,
        season: int,
        loss: str,
        scales: list[dict[str, Any]],
        naive: list[list[float]],
        low: list[list[float]] | None = None,
        high: list[list[float]] | None = None,
    ):
        self.horizon, self.season, self.loss_name, self.naive = horizon, season, loss, naive
        self.scales = [Scale(**scale) for scale in scales]
        self.low, self.high = low, high  # how far the truth lies from the forecast, 10% and 90%, per step and target, scaled
        self.outputs = len(QUANTILES) if loss == "quantile" else 1
        self.headline = headline_of(len(scales), loss)
        self.spread = torch.tensor([scale.std[0] for scale in self.scales])

    @staticmethod
    def headline_for(config: Config) -> str:
        return headline_of(len(config.targets), LOSSES[config.task.loss])

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config) -> Forecast:
        windows = [one[train] for one in cells if isinstance(one, Windows)]
        scales = [Scale.fit(one) for one in windows]
        season = max(1, config.task.season)
        naive = [repeat_error(one, season, scale.names) for one, scale in zip(windows, scales, strict=True)]
        values = [vars(scale) for scale in scales]
        return cls(windows[0].horizon, season, LOSSES[config.task.loss], values, naive)

    @property
    def num_outputs(self) -> int:
        return self.horizon * len(self.scales) * self.outputs

    @property
    def each(self) -> bool:
        """Whether each series has a scale of its own."""
        return self.scales[0].names != [""]

    def target(self, cells: list[Cells]) -> Slices:
        windows = [one for one in cells if isinstance(one, Windows)]
        scaled = [scale.apply(one) for scale, one in zip(self.scales, windows, strict=True)]
        made = slices(windows[0], scaled, 0, self.horizon, steps_first=True)
        if not self.each:
            return made
        facts = np.stack(
            [self._facts_of(scale, naive, one) for scale, naive, one in zip(self.scales, self.naive, windows, strict=True)]
        )
        series = windows[0].series.codes[windows[0].origins]
        more = torch.from_numpy(facts.transpose(2, 1, 0).astype(np.float32))  # (V, 3, S) -> (S, 3, V)
        return replace(made, scale=more, series=torch.from_numpy(series.astype(np.int64)))

    def _facts_of(self, scale: Scale, naive: list[float], windows: Windows) -> np.ndarray:
        """Mean, std and naive error of each series of the windows, NaN where it has none. Shape: (3, S)."""
        here, known = scale.of(windows), dict(zip(scale.names, naive, strict=True))
        return np.array([here.mean, here.std, [known.get(name, np.nan) for name in here.names]])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        guess = self._steps(scores)  # (B, K, H, V, Q)
        wanted = target[:, : self.horizon, :].unsqueeze(1)  # (B, 1, H, V)
        wanted = wanted.expand(guess.shape[:-1])
        gaps = self._gaps(target)
        if gaps is not None:
            known = ~gaps.unsqueeze(1).expand(wanted.shape)
            wanted, guess = wanted[known], guess[known]
        if self.loss_name == "quantile":
            return torch.stack([pinball(guess[..., i], wanted, share) for i, share in enumerate(QUANTILES)]).mean()
        guess = guess[..., 0]
        if self.loss_name == "huber":
            return F.huber_loss(guess, wanted)
        return F.l1_loss(guess, wanted) if self.loss_name == "mae" else F.mse_loss(guess, wanted)

    def probabilities(self, scores: Tensor) -> Tensor:
        """The forecast, scaled: the mean of the members, for the quantile loss the 50% output. Shape: float32 (B, H, V)."""
        steps = self._steps(scores)[..., self.outputs // 2]
        return steps.mean(1) if steps.shape[1] > 1 else steps[:, 0]

    def interval(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Low and high end of the 80% interval, scaled. Shape: each float32 (B, H, V)."""
        steps = self._steps(scores).mean(1)
        low, high = (torch.tensor(ends or 0.0) for ends in (self.low, self.high))
        return steps[..., 0] + low, steps[..., -1] + high

    def calibrate(self, scores: Tensor, target: Tensor) -> None:
        """Fits the intervals to the errors of the validation rows. scores, target: as `metrics` has them."""
        steps, truth = self._steps(scores).mean(1), target[:, : self.horizon]
        below = (truth - steps[..., 0]).double().numpy()  # (n, H, V)
        above = (truth - steps[..., -1]).double().numpy()
        self.low, self.high = (step_quantiles(errors, share).tolist() for errors, share in ((below, 0.1), (above, 0.9)))

    def decode(self, scores: Tensor) -> list[list[list[float]]]:
        """The forecast in the targets' unit, for series of one scale; B lists of H lists of V numbers."""
        return self.in_unit(self.probabilities(scores)).tolist()

    def in_unit(self, values: Tensor, target: Tensor | None = None) -> Tensor:
        """Scaled values in the targets' unit; target: where each series has a scale, the tensor that holds it.

        Shape: float32 (B, H, V) -> float64 (B, H, V).
        """
        mean, std, _ = self.facts(target)
        return values.double() * std + mean

    def facts(self, target: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, std and naive error of each row. Shape: each float64 (B, 1, V), or (1, 1, V) where one scale is for all."""
        if target is not None and target.shape[1] > self.horizon:
            mean, std, naive = target[:, self.horizon :].double().unsqueeze(2).unbind(1)
            return mean, std, naive
        rows = [[scale.mean[0], scale.std[0], naive[0]] for scale, naive in zip(self.scales, self.naive, strict=True)]
        mean, std, naive = torch.tensor(rows, dtype=torch.float64).T[:, None, None]
        return mean, std, naive

    def truth(self, target: Tensor) -> list[list[list[float]]]:
        return self.in_unit(target[:, : self.horizon], target).tolist()

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over a batch, on its device: [loss, known values, squared errors, then absolute errors of each target in its unit,
        scaled absolute errors]."""
        error = self.probabilities(scores) - target[:, : self.horizon]
        gaps = self._gaps(target)
        count = torch.tensor(float(error.numel()), device=error.device)
        if gaps is not None:
            error, count = error.masked_fill(gaps, 0.0), (~gaps).sum().to(error.dtype)
        first = torch.stack([loss * len(target), count, error.square().sum()])
        if target.shape[1] > self.horizon:  # each row has a spread of its own
            by_row = error.abs().sum(1)  # (B, V)
            return torch.cat([first, (by_row * target[:, self.horizon + 1]).sum(0), by_row.sum().reshape(1)])
        away = error.abs().sum((0, 1))  # (V,)
        return torch.cat([first, away * self.spread.to(error.device), away.sum().reshape(1)])

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        loss, count, squared, *away, scaled = tally
        count = max(count, 1.0)
        return {
            "loss": loss / num_rows,
            "mae": sum(away) / count,
            "mse_standardised": squared / count,
            "mae_standardised": scaled / count,
        }

    def metrics(self, scores: Tensor, target: Tensor) -> dict[str, float | None]:
        """Every figure of the report: means over all known values of all windows; None where it is not defined."""
        sums = window_sums(self, scores, target)
        return {name: value if np.isfinite(value) else None for name, value in figures(sums).items()}

    def trivial(self, target: Tensor) -> Tensor:
        """The scores of the constant prediction that fits the target best. Shape: (1, H * V * Q)."""
        mean = target[:, : self.horizon].nanmean((0, 1))  # (V,)
        return mean.nan_to_num()[None, :, None].expand(self.horizon, -1, self.outputs).reshape(1, -1)

    def predict(self, model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return model(inputs)

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The forecast of the first step of each row; judge/ and `predict` write all steps with their times."""
        return {"prediction": self.in_unit(self.probabilities(scores))[:, 0].tolist()}

    def state(self) -> dict[str, Any]:
        return {
            "horizon": self.horizon,
            "season": self.season,
            "loss": self.loss_name,
            "scales": [vars(scale) for scale in self.scales],
            "naive": self.naive,
            "low": self.low,
            "high": self.high,
        }

    def _gaps(self, target: Tensor) -> Tensor | None:
        """Which values of the horizon are unknown, None where all are known. Shape: bool (B, H, V)."""
        wanted = target[:, : self.horizon]
        return torch.isnan(wanted) if torch.isnan(wanted.sum()) else None

    def _steps(self, scores: Tensor) -> Tensor:
        """Shape: (B, out) or (B, K, out) -> (B, K, H, V, Q)."""
        if scores.shape[-1] != self.num_outputs or scores.dim() not in (2, 3):
            raise ValueError(
                f"the model gave scores of shape {tuple(scores.shape)}; "
                f"expected (rows, {self.num_outputs}) or (rows, members, {self.num_outputs})"
            )
        members = scores if scores.dim() == 3 else scores[:, None]
        return members.unflatten(-1, (self.horizon, len(self.scales), self.outputs))


def pinball(guess: Tensor, wanted: Tensor, share: float) -> Tensor:
    """The quantile loss (Koenker and Bassett 1978): its minimum is the value that `share` of the truth lies below."""
    error = wanted - guess
    return torch.maximum(share * error, (share - 1) * error).mean()


def repeat_error(windows: Windows, season: int, names: list[str]) -> list[float]:
    """The mean absolute error of repeating the value of a season ago, over the train steps of each named series: MASE's unit.

    Hyndman and Koehler, International Journal of Forecasting 22 (2006). 0 where there is none.
    """
    used, codes = windows.used(), windows.series.codes
    steps = np.where(used, np.asarray(windows.steps), np.nan)
    errors = np.abs(steps[season:] - steps[:-season])
    known = np.isfinite(errors) & (codes[season:] == codes[:-season])
    series = len(windows.series.words)
    count = np.bincount(codes[season:][known], minlength=series)
    mean = np.bincount(codes[season:][known], errors[known], minlength=series) / np.maximum(count, 1)
    place = {name: code for code, name in enumerate(windows.series.words)}
    return [float(mean[place[name]]) for name in names]


def step_quantiles(errors: np.ndarray, share: float) -> np.ndarray:
    """The error that `share` of the rows stay below, for each step; with few rows neighbouring steps are taken together.

    The rank is that of one more row than there are, as split conformal prediction has it. Shape: (n, H, V) -> (H, V).
    """
    rows, horizon, variables = errors.shape
    reach = 0 if rows >= FEWEST_ERRORS else min(horizon, -(-FEWEST_ERRORS // max(rows, 1)) // 2)
    made = np.zeros((horizon, variables))
    for step in range(horizon):
        near = errors[:, max(0, step - reach) : step + reach + 1].reshape(-1, variables)
        for variable in range(variables):
            known = near[np.isfinite(near[:, variable]), variable]
            if len(known):
                rank = share * (len(known) + 1) if share > 0.5 else share * (len(known) + 1) - 1
                place = np.ceil(rank) - 1 if share > 0.5 else np.floor(rank)
                made[step, variable] = np.sort(known)[int(np.clip(place, 0, len(known) - 1))]
    return made


def window_sums(task: Forecast, scores: Tensor, target: Tensor) -> dict[str, np.ndarray]:
    """What the figures are made of, for each window: sums over its steps. `figures` of them, or of resampled ones.

    Shape: each float64 (B, V).
    """
    wanted = target[:, : task.horizon].double()
    guess = task.probabilities(scores).double()
    known = ~torch.isnan(wanted)
    error = torch.where(known, guess - wanted, 0.0)
    spread, naive = (one.squeeze(1) for one in task.facts(target)[1:])
    away = error.abs().sum(1)
    sums = {
        "count": known.sum(1).double(),
        "squared": error.square().sum(1),
        "away": away,
        "squared_unit": error.square().sum(1) * spread.square(),
        "away_unit": away * spread,
        "away_naive": torch.where(naive > 0, away * spread / naive, float("nan")),
    }
    if task.low is not None or task.outputs > 1:
        low, high = task.interval(scores)
        sums["inside"] = ((wanted >= low.double()) & (wanted <= high.double())).sum(1).double()
        sums["width"] = torch.where(known, (high - low).double(), 0.0).sum(1) * spread
    return {name: value.numpy() for name, value in sums.items()}


def figures(sums: dict[str, np.ndarray]) -> dict[str, float]:
    """The figures of summed windows: the mean over the targets of each one's figure. Shape of the sums: (B, V)."""
    total = {name: values.sum(0) for name, values in sums.items()}
    return rates_of(total)


def rates_of(total: dict[str, np.ndarray]) -> dict[str, Any]:
    """The figures of totals. Shape: totals (..., V) -> each (...,)."""
    count = np.maximum(total["count"], 1.0)
    every = count.sum(-1)
    found: dict[str, Any] = {
        "mae": (total["away_unit"] / count).mean(-1),
        "rmse": np.sqrt(total["squared_unit"] / count).mean(-1),
        "mase": (total["away_naive"] / count).mean(-1),
        "mse": (total["squared_unit"] / count).mean(-1),
        "mse_standardised": total["squared"].sum(-1) / every,
        "mae_standardised": total["away"].sum(-1) / every,
    }
    if "inside" in total:
        found["coverage_80"] = total["inside"].sum(-1) / every
        found["interval_width"] = (total["width"] / count).mean(-1)
    return found
