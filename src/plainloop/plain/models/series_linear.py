"""series_linear: the horizon as a weighted sum of the look-back, the same weights for every variable.

Copied into ejected projects.
Each variable is predicted from its own past (channel independence, as NLinear and DLinear of Zeng et al. 2023,
arXiv 2205.13504).
Axes: B examples, V variables, L look-back, H horizon, Q outputs per step.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn


class Model(nn.Module):
    """One linear map from look-back to horizon.

    Shape: inputs "series" float32 (B, V, L) -> scores float32 (B, out); out = H * targets * Q, the steps outermost.
    """

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, normalise: Literal["none", "last", "mean_std"] = "last"):
        super().__init__()
        series = shapes["series"]
        self.targets, self.horizon, self.normalise = series["targets"], series["horizon"], normalise
        self.whole = not self.targets
        self.outputs = num_outputs if self.whole else num_outputs // (self.targets * self.horizon)
        inside = series["lookback"] * (series["variables"] if self.whole else 1)
        self.layer = nn.Linear(inside, num_outputs if self.whole else self.horizon * self.outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["series"]
        if self.whole:
            return self.layer(x.flatten(1))
        x = x[:, : self.targets]  # (B, V, L)
        level = (
            x[..., -1:]
            if self.normalise == "last"
            else x.mean(-1, keepdim=True)
            if self.normalise == "mean_std"
            else 0 * x[..., :1]
        )
        scores = self.layer(x - level) + level  # (B, V, H * Q)
        scores = scores.unflatten(-1, (self.horizon, self.outputs))  # (B, V, H, Q)
        return scores.transpose(1, 2).flatten(1)  # (B, H * V * Q)
