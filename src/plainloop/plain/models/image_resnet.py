"""image_resnet: a narrow residual network for pictures of 28 to 256 pixels. Copied into ejected projects.

The shape of the nets that hold the CIFAR speed records (ResNet-9 of Page 2018; Jordan 2024, arXiv 2404.00498): few, wide stages,
each a convolution and a max-pool, then a residual of one more convolution. Every choice was measured at equal CPU time.

Axes: B examples, C channels, H height, W width, out outputs.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INNER_SIDE = 40  # larger pictures are made smaller by the stem, to about this side


class Stage(nn.Module):
    """Half the side, other channels, then `depth` convolutions that add to what they read.

    Shape: (B, in, H, W) -> (B, out, H / 2, W / 2).
    """

    def __init__(self, fan_in: int, fan_out: int, depth: int):
        super().__init__()
        self.conv, self.norm = convolution(fan_in, fan_out), nn.BatchNorm2d(fan_out)
        self.residuals = nn.ModuleList(
            nn.Sequential(convolution(fan_out, fan_out), nn.BatchNorm2d(fan_out), nn.ReLU()) for _ in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv(x), 2, ceil_mode=True)  # norm and ReLU behind it have a quarter of the work
        x = F.relu(self.norm(x))
        for residual in self.residuals:
            x = x + residual(x)
        return x


def convolution(fan_in: int, fan_out: int) -> nn.Conv2d:
    return nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=False)  # the norm behind it has a bias


class Model(nn.Module):
    """A stem, `stages` stages of width, 2 width, 4 width ... channels, the largest value of each channel, one linear layer.

    The stem steps over pixels where the picture is large, so that the stages see a side of 28 to 56.

    Shape: inputs "image" uint8 (B, C, H, W) -> scores float32 (B, out).

    >>> shapes = {"image": {"size": [32, 32], "channels": 3, "mean": [120.0] * 3, "std": [60.0] * 3}}
    >>> Model(shapes, 10)({"image": torch.zeros(2, 3, 32, 32, dtype=torch.uint8)}).shape
    torch.Size([2, 10])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        width: int = 32,
        stages: int = 3,
        depth: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        image = shapes["image"]
        stride = 2 ** max(0, round(math.log2(min(image["size"]) / INNER_SIDE)))
        kernel = 3 if stride == 1 else 2 * stride
        widths = [width // 2, *(width * 2**stage for stage in range(stages))]
        self.register_buffer("mean", torch.tensor(image["mean"]).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(image["std"]).view(-1, 1, 1))
        self.stem = nn.Sequential(
            nn.Conv2d(image["channels"], widths[0], kernel, stride, (kernel - stride + 1) // 2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        self.stages = nn.Sequential(*(Stage(*ends, depth) for ends in pairwise(widths)))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], num_outputs)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU, and what tensor cores want

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["image"].to(memory_format=torch.channels_last).float()  # 0 to 255
        x = self.stages(self.stem((x - self.mean) / self.std))
        return self.head(self.dropout(x.amax((2, 3))))
