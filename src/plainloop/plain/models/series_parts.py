"""What the models of series share: the sizes of a window, its own level and spread, and what is known of its future.

Copied into ejected projects. Axes: B examples, V variables (the targets come first), VT targets, L look-back, H horizon,
F known-future columns, Q figures per step (3 with quantiles, else 1), out outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

Normalise = Literal["none", "last", "mean_std"]
LEAST_SPREAD = 0.01  # in deviations of the train rows: a window that hardly moves is not blown up


@dataclass(frozen=True)
class Sizes:
    """The sizes of a window; of whole series the horizon is 0 and all variables are targets."""

    variables: int
    targets: int
    lookback: int
    horizon: int
    future: int
    figures: int

    @classmethod
    def of(cls, shapes: dict[str, Any], num_outputs: int) -> Sizes:
        series = shapes["series"]
        horizon, targets = series["horizon"], series["targets"] or series["variables"]
        figures = num_outputs // (horizon * targets) if horizon else 1
        return cls(series["variables"], targets, series["lookback"], horizon, shapes.get("future", 0), figures)


@dataclass
class Kept:
    """What was taken off a window. Shape: level, spread float32 (B, V, 1), effect float32 (B, V, L + H)."""

    level: Tensor | None = None
    spread: Tensor | None = None
    effect: Tensor | None = None


class Frame(nn.Module):
    """Takes level, spread and the effect of known columns off a window, and puts them on the forecast.

    A series wanders; what it does from where it stands is more alike from window to window (NLinear, Zeng et al. 2023,
    arXiv 2205.13504; RevIN, Kim et al. 2022). normalise: last: the last value is the level; mean_std: the mean of the window, and
    its deviation is the spread. A known column (a price, the hour) adds at each step what a small network says, one network for
    all steps, as in a regression whose errors are a series; at first it says next to nothing.
    """

    def __init__(self, sizes: Sizes, normalise: Normalise, width: int = 32):
        super().__init__()
        self.sizes, self.normalise = sizes, normalise
        self.known = None
        if sizes.future and sizes.horizon:
            last = nn.Linear(width, sizes.variables)
            self.known = nn.Sequential(nn.Linear(sizes.future, width), nn.ReLU(), last)
            nn.init.normal_(last.weight, std=1e-3)
            nn.init.zeros_(last.bias)

    def off(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Kept]:
        """The window as the model sees it, and what must be put back. Shape: (B, V, L)."""
        x, kept = inputs["series"], Kept()
        if self.known is not None:
            kept.effect = self.known(inputs["future"].mT).mT  # (B, F, L + H) -> (B, V, L + H)
            x = x - kept.effect[..., : x.shape[2]]
        if self.normalise == "last":
            kept.level = x[..., -1:]
            x = x - kept.level
        elif self.normalise == "mean_std":
            kept.level = x.mean(-1, keepdim=True)
            x = x - kept.level
            kept.spread = (x.square().mean(-1, keepdim=True) + LEAST_SPREAD**2).sqrt()
            x = x / kept.spread
        return x, kept

    def on(self, y: Tensor, kept: Kept) -> Tensor:
        """The scores of a forecast: (B, VT, H * Q) -> (B, H * VT * Q), the steps outermost."""
        targets, horizon = self.sizes.targets, self.sizes.horizon
        if kept.spread is not None:
            y = y * kept.spread[:, :targets]
        if kept.level is not None:
            y = y + kept.level[:, :targets]
        y = y.unflatten(2, (horizon, -1))  # (B, VT, H, Q)
        if kept.effect is not None:
            y = y + kept.effect[:, :targets, -horizon:, None]
        return y.transpose(1, 2).flatten(1)


def within(lengths: Tensor, steps: int) -> Tensor:
    """True at the steps that a series has, False at its padding. Shape: int64 (B,) -> bool (B, steps)."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]
