"""image_convnet: a small VGG, to learn from: blocks of plain convolutions, each followed by a halving of the picture.

After TinyVGG of the CNN Explainer (Wang et al. 2020, arXiv 2004.15004). ReLU stands behind the max-pool, where it has a
quarter of the work and gives the same result, because both keep the order of numbers. Copied into ejected projects.

Axes: B examples, C channels, H height, W width, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LAST_SIDE = 8  # blocks follow one another until the picture is at most so high and wide


class Model(nn.Module):
    """Blocks of `convs` convolutions and a max-pool, then one or two linear layers on what is left of the picture.

    The first block has `width` channels, the next twice as many, up to four times; hidden = 0 leaves one linear layer.

    Shape: inputs "image" uint8 (B, C, H, W) -> scores float32 (B, out).

    >>> shapes = {"image": {"size": [28, 28], "channels": 1, "mean": [72.9], "std": [90.0]}}
    >>> Model(shapes, 10)({"image": torch.zeros(2, 1, 28, 28, dtype=torch.uint8)}).shape
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
        convs: int = 2,
        hidden: int = 0,
        dropout: float = 0.0,
    ):
        super().__init__()
        image = shapes["image"]
        (height, wide), channels = image["size"], image["channels"]
        self.register_buffer("mean", torch.tensor(image["mean"]).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(image["std"]).view(-1, 1, 1))
        layers: list[nn.Module] = []
        block = 0
        while block < 2 or max(height, wide) > LAST_SIDE:
            out = width * min(4, 2**block)
            for conv in range(convs):
                layers.append(nn.Conv2d(channels, out, 3, padding=1))
                if conv < convs - 1:
                    layers.append(nn.ReLU())
                channels = out
            layers += [nn.MaxPool2d(2, ceil_mode=True), nn.ReLU()]
            height, wide, block = -(-height // 2), -(-wide // 2), block + 1
        self.layers = nn.Sequential(*layers)
        head: list[nn.Module] = [nn.Flatten(), nn.Linear(channels * height * wide, hidden or num_outputs)]
        if hidden:
            head += [nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, num_outputs)]
        elif dropout:
            head.insert(1, nn.Dropout(dropout))
        self.head = nn.Sequential(*head)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU, and what tensor cores want

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["image"].to(memory_format=torch.channels_last).float()  # 0 to 255
        x = (x - self.mean) / self.std
        return self.head(self.layers(x))
