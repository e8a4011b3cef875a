"""image_vit: a small vision transformer: the picture cut into patches, read like a sentence. Copied into ejected projects.

After Dosovitskiy et al. 2021 (arXiv 2010.11929), with the mean of the patches in place of a class token, as in Beyer et al. 2022
(arXiv 2205.01580). It has to learn from the data what a convolution knows from the start, so it wants more of it.

Axes: B examples, C channels, H height, W width, T patches, D width of the model, out outputs.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Attention, then a perceptron on each patch; both read a normalised copy and add to what came in.

    Shape: (B, T, D) -> (B, T, D).
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention, self.norm_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.join, last = nn.Linear(width, width), nn.Linear(4 * width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), last)
        nn.init.zeros_(self.join.weight)  # every block begins as the identity
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm_attention(x))
        return x + F.dropout(self.perceptron(self.norm_perceptron(x)), self.dropout, self.training)

    def attention(self, x: Tensor) -> Tensor:
        parts = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))  # (B, T, 3, heads, D / heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, T, D / heads)
        # written out: over so few patches torch's fused attention takes up to six times as long to go back, on a CPU in bfloat16
        weights = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(-1)  # (B, heads, T, T), each row adds up to 1
        mixed = (weights @ value).transpose(1, 2).flatten(2)
        return F.dropout(self.join(mixed), self.dropout, self.training)


class Model(nn.Module):
    """Patches with a learned place each, `depth` blocks, the mean over the patches, one linear layer.

    patch: side of a patch in pixels; 0: an eighth of the shorter side, which makes 64 patches of a square picture.

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
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        patch: int = 0,
        dropout: float = 0.0,
    ):
        super().__init__()
        image = shapes["image"]
        patch = patch or max(1, min(image["size"]) // 8)
        sides = [-(-side // patch) for side in image["size"]]  # patches down and across
        padding = [(patches * patch - side + 1) // 2 for patches, side in zip(sides, image["size"], strict=True)]
        self.register_buffer("mean", torch.tensor(image["mean"]).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(image["std"]).view(-1, 1, 1))
        self.patches = nn.Conv2d(image["channels"], width, patch, stride=patch, padding=(padding[0], padding[1]))
        self.place = nn.Parameter(0.02 * torch.randn(sides[0] * sides[1], width))
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = (inputs["image"].float() - self.mean) / self.std
        x = self.patches(x).flatten(2).mT + self.place  # (B, T, D)
        return self.head(self.norm(self.blocks(x)).mean(1))
