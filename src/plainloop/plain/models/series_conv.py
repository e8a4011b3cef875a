"""series_conv: convolutions along time, for whole series first of all. Copied into ejected projects.

After the fully convolutional net of Wang et al. 2017 (arXiv 1611.06455): stages of convolution, batch normalisation and ReLU,
then what is found anywhere in the series. kind="inception" gives each stage kernels of three lengths (Ismail Fawaz et al. 2020,
arXiv 1909.04939). Few series train it at a time, so several nets are trained side by side and averaged.

Axes: B examples, V variables, VT targets, L look-back, H horizon, D width, N series: B * VT, K members, Q figures per step,
out outputs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn

from .series_parts import Frame, Normalise, Sizes, within

KERNELS: dict[str, list[tuple[int, ...]]] = {"fcn": [(7,), (5,), (3,)], "inception": [(9, 19, 39)] * 3}  # of each stage


class Stage(nn.Module):
    """Convolutions of several lengths side by side, batch normalisation, ReLU. Shape: (N, V, L) -> (N, D, L)."""

    def __init__(self, fan_in: int, width: int, kernels: tuple[int, ...]):
        super().__init__()
        sizes = [width // len(kernels)] * (len(kernels) - 1)
        sizes.append(width - sum(sizes))
        self.convs = nn.ModuleList(
            nn.Conv1d(fan_in, size, kernel, padding=kernel // 2, bias=False)  # the norm has a bias
            for size, kernel in zip(sizes, kernels, strict=True)
        )
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(torch.cat([conv(x) for conv in self.convs], 1)).relu()


class Net(nn.Module):
    """Three stages, then of each channel the mean and the largest value. Shape: (N, V, L) -> (N, D, L)."""

    def __init__(self, variables: int, width: int, kind: Literal["fcn", "inception"]):
        super().__init__()
        widths = pairwise([variables, width, 2 * width, width])
        stages = zip(widths, KERNELS[kind], strict=True)
        self.stages = nn.ModuleList(Stage(fan_in, fan_out, kernels) for (fan_in, fan_out), kernels in stages)
        self.past = nn.Conv1d(variables, width, 1) if kind == "inception" else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        first = x
        for stage in self.stages:
            x = stage(x)
            x = x if mask is None else x * mask  # the padding stays empty
        return x if self.past is None else x + self.past(first)


class Model(nn.Module):
    """Several nets side by side; of each channel the mean and the largest value over the steps, then one linear layer.

    In a forecast each step ahead is a weighted sum of the steps of a channel, then of the channels.

    Shape: inputs "series" float32 (B, V, L), "lengths" int64 (B,) -> scores float32 (B, out), or (B, K, out) for members > 1;
    a window and "future" float32 (B, F, L + H) -> (B, H * VT * Q), or (B, K, H * VT * Q).

    >>> shapes = {"series": {"variables": 3, "targets": 0, "lookback": 40, "horizon": 0}}
    >>> Model(shapes, 2, members=4)({"series": torch.zeros(5, 3, 40)}).shape
    torch.Size([5, 4, 2])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        kind: Literal["fcn", "inception"] = "fcn",
        width: int = 32,
        members: int = 1,
        dropout: float = 0.2,
        normalise: Normalise = "mean_std",
    ):
        super().__init__()
        sizes = self.sizes = Sizes.of(shapes, num_outputs)
        self.frame = Frame(sizes, normalise if sizes.horizon else "none")
        together = sizes.variables - sizes.targets + 1 if sizes.horizon else sizes.variables
        self.nets = nn.ModuleList(Net(together, width, kind) for _ in range(members))
        self.dropout = nn.Dropout(dropout)
        if sizes.horizon:
            self.ahead = nn.ModuleList(nn.Linear(sizes.lookback, sizes.horizon * sizes.figures) for _ in range(members))
            self.heads = nn.ModuleList(nn.Linear(width, 1, bias=False) for _ in range(members))
            for weight in self.heads.parameters():
                nn.init.zeros_(weight)  # at first the forecast is the level of the window
        else:
            self.heads = nn.ModuleList(nn.Linear(2 * width, num_outputs) for _ in range(members))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = self.forecast(inputs) if self.sizes.horizon else self.whole(inputs["series"], inputs.get("lengths"))
        return scores[0] if len(scores) == 1 else torch.stack(scores, 1)

    def whole(self, series: Tensor, lengths: Tensor | None) -> list[Tensor]:
        """The scores of whole series, padded at their end, by each net. Shape: (B, V, L) -> (B, out)."""
        mask = None if lengths is None else within(lengths, series.shape[2])[:, None].to(series.dtype)  # (B, 1, L)
        series = series if mask is None else series * mask
        found = []
        for net, head in zip(self.nets, self.heads, strict=True):
            x = net(series, mask)  # (B, D, L)
            mean = x.mean(2) if mask is None else (x * mask).sum(2) / mask.sum(2)
            most = x.amax(2) if mask is None else x.masked_fill(mask == 0, -torch.inf).amax(2)
            found.append(head(self.dropout(torch.cat([mean, most], 1))))
        return found

    def forecast(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        """The scores of a window by each net. Shape: (B, V, L) -> (B, H * VT * Q)."""
        x, kept = self.frame.off(inputs)
        targets = self.sizes.targets
        series = torch.cat([x[:, :targets, None], x[:, None, targets:].expand(-1, targets, -1, -1)], 2).flatten(0, 1)
        found = []
        for net, ahead, head in zip(self.nets, self.ahead, self.heads, strict=True):
            y = ahead(self.dropout(net(series, None)))  # (N, D, L) -> (N, D, H * Q)
            y = head(y.mT).squeeze(2)  # (N, H * Q)
            found.append(self.frame.on(y.unflatten(0, (-1, targets)), kept))
        return found
