"""series_linear: every step ahead a weighted sum of the steps behind. Copied into ejected projects.

DLinear and NLinear (Zeng et al. 2023, arXiv 2205.13504) are settings of it: kernel=25, normalise="none" splits a window into its
moving average and the rest and weighs each by itself; kernel=0, normalise="last" weighs the distances from the last value.
Averages and levels are linear too, so they are folded into the weights: however it is set, a batch costs one matrix product.

Axes: B examples, V variables, VT targets, L look-back, H horizon, Q figures per step, G groups of weights, F known columns,
out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .series_parts import Frame, Normalise, Sizes


class Model(nn.Module):
    """One matrix of L by H for all targets, or one for each. At first it repeats the level of the window.

    kernel: steps of the moving average, 0: none. individual: a matrix for each target. Covariates get a matrix for each target
    and covariate. Of whole series it weighs all steps of all variables.

    Shape: inputs "series" float32 (B, V, L), "future" float32 (B, F, L + H) -> scores float32 (B, H * VT * Q);
    "series" of whole series -> (B, out).

    >>> shapes = {"series": {"variables": 7, "targets": 7, "lookback": 336, "horizon": 96}}
    >>> Model(shapes, 96 * 7)({"series": torch.zeros(5, 7, 336)}).shape
    torch.Size([5, 672])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        normalise: Normalise = "last",
        kernel: int = 0,
        individual: bool = False,
    ):
        super().__init__()
        sizes = self.sizes = Sizes.of(shapes, num_outputs)
        self.normalise, self.kernel = normalise if sizes.horizon else "none", kernel
        self.frame = Frame(sizes, "none")
        whole = not sizes.horizon
        groups = sizes.targets if individual or whole else 1
        outputs = num_outputs if whole else sizes.horizon * sizes.figures
        covariates = 0 if whole else sizes.variables - sizes.targets
        self.weight = nn.Parameter(torch.zeros(groups, outputs, sizes.lookback))
        self.trend = nn.Parameter(torch.zeros(groups, outputs, sizes.lookback)) if kernel else None
        self.bias = nn.Parameter(torch.zeros(1 if whole else groups, 1, outputs))
        self.covariates = nn.Linear(covariates * sizes.lookback, sizes.targets * outputs, bias=False) if covariates else None
        if self.covariates is not None:
            nn.init.zeros_(self.covariates.weight)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x, kept = self.frame.off(inputs)
        weight, targets = self.folded(), self.sizes.targets
        if not self.sizes.horizon:
            return F.linear(x.flatten(1), weight.transpose(0, 1).flatten(1), self.bias.flatten())
        past = x[:, :targets]
        if len(weight) == 1:
            y = F.linear(past, weight[0], self.bias.flatten())  # (B, VT, H * Q)
        else:
            y = torch.baddbmm(self.bias, past.transpose(0, 1), weight.mT).transpose(0, 1)
        if self.covariates is not None:
            y = y + self.covariates((x[:, targets:] - x[:, targets:, -1:]).flatten(1)).unflatten(1, (targets, -1))
        return self.frame.on(y, kept)

    def folded(self) -> Tensor:
        """The weights of the steps as they come: moving average and level are in them. Shape: (G, H * Q, L)."""
        weight: Tensor = self.weight
        if self.trend is not None:  # w (x - average) + t average = w x + (t - w) average
            weight = weight + averaged(self.trend - weight, self.kernel)
        if self.normalise == "last":  # w (x - last) + last = w x + (1 - sum of w) last
            return torch.cat([weight[..., :-1], weight[..., -1:] + 1 - weight.sum(-1, keepdim=True)], -1)
        if self.normalise == "mean_std":  # the spread cancels out of a sum without bias
            return weight + (1 - weight.sum(-1, keepdim=True)) / weight.shape[-1]
        return weight


def averaged(weight: Tensor, kernel: int) -> Tensor:
    """The weights that do to the steps what the given ones do to their moving average.

    The average repeats the first and the last step beyond the ends. Shape: (G, H * Q, L) -> (G, H * Q, L).

    >>> averaged(torch.tensor([[[0.0, 0.0, 3.0]]]), 3)
    tensor([[[0., 1., 2.]]])
    """
    before, steps = (kernel - 1) // 2, weight.shape[-1]
    if steps == 1:
        return weight
    came, went = F.pad(weight, (0, kernel - 1)), F.pad(weight, (kernel, -1))
    spread = (came - went).cumsum(-1)  # (G, H * Q, kernel - 1 + L), from `before` steps before the first one on
    first, middle, last = spread.split([before + 1, steps - 2, kernel - before], -1)
    return torch.cat([first.sum(-1, keepdim=True), middle, last.sum(-1, keepdim=True)], -1) / kernel
