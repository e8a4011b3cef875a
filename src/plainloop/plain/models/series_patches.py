"""series_patches: a series cut into patches, read like a sentence by a transformer. Copied into ejected projects.

After PatchTST (Nie et al. 2023, arXiv 2211.14730): each target is a series of its own, read by the same net. The blocks begin as
the identity and normalise before they read.

Axes: B examples, V variables, VT targets, L look-back, H horizon, S steps of a patch, T patches, D width, N series: B * VT,
Q figures per step, out outputs.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .series_parts import Frame, Normalise, Sizes, within


class Block(nn.Module):
    """Attention between patches, then a perceptron on each; both read a normalised copy and add to what came in.

    Shape: (N, T, D), absent bool (N, 1, 1, T) or None -> (N, T, D).
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention, self.norm_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.join, last = nn.Linear(width, width), nn.Linear(2 * width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), last)
        nn.init.zeros_(self.join.weight)
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor, absent: Tensor | None) -> Tensor:
        x = x + self.attention(self.norm_attention(x), absent)
        return x + F.dropout(self.perceptron(self.norm_perceptron(x)), self.dropout, self.training)

    def attention(self, x: Tensor, absent: Tensor | None) -> Tensor:
        parts = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))  # (N, T, 3, heads, D / heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (N, heads, T, D / heads)
        weights = query @ key.mT / math.sqrt(query.shape[-1])  # written out: quicker than the fused one over so few patches
        if absent is not None:
            weights = weights.masked_fill(absent, -torch.inf)
        mixed = (weights.softmax(-1) @ value).transpose(1, 2).flatten(2)
        return F.dropout(self.join(mixed), self.dropout, self.training)


class Model(nn.Module):
    """Patches with a learned place each, `depth` blocks, then one linear layer over all patches.

    patch: steps of a patch, 0: a quarter of the horizon, or a sixteenth of a whole series; overlap: whether patches share half
    of their steps with the next. Of whole series a patch holds all variables, and the mean of the patches is read.

    Shape: inputs "series" float32 (B, V, L), "future" float32 (B, F, L + H) -> scores float32 (B, H * VT * Q);
    "series" and "lengths" int64 (B,) of whole series -> (B, out).

    >>> shapes = {"series": {"variables": 7, "targets": 7, "lookback": 336, "horizon": 96}}
    >>> Model(shapes, 96 * 7)({"series": torch.zeros(5, 7, 336)}).shape
    torch.Size([5, 672])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        normalise: Normalise = "mean_std",
        patch: int = 0,
        overlap: bool = False,
        width: int = 32,
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.2,
    ):
        super().__init__()
        sizes = self.sizes = Sizes.of(shapes, num_outputs)
        self.patch = min(sizes.lookback, patch or max(2, round(sizes.horizon / 4 if sizes.horizon else sizes.lookback / 16)))
        self.stride = max(1, self.patch // 2) if overlap else self.patch
        patches = -(-(sizes.lookback - self.patch) // self.stride) + 1
        self.padding = (patches - 1) * self.stride + self.patch - sizes.lookback
        self.frame = Frame(sizes, normalise if sizes.horizon else "none")
        together = sizes.variables - sizes.targets + 1 if sizes.horizon else sizes.variables
        self.read = nn.Linear(self.patch * together, width)
        self.place = nn.Parameter(0.02 * torch.randn(patches, width))
        self.variable = nn.Parameter(torch.zeros(sizes.targets, 1, width)) if sizes.horizon else None
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.write = nn.Linear(patches * width, sizes.horizon * sizes.figures) if sizes.horizon else nn.Linear(width, num_outputs)
        nn.init.zeros_(self.write.bias)
        if sizes.horizon:
            nn.init.zeros_(self.write.weight)  # at first the forecast is the level of the window

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        if not self.sizes.horizon:
            return self.whole(inputs["series"], inputs.get("lengths"))
        x, kept = self.frame.off(inputs)
        targets = self.sizes.targets
        patches = F.pad(x, (self.padding, 0)).unfold(2, self.patch, self.stride)  # (B, V, T, S)
        more = patches[:, targets:].transpose(1, 2).flatten(2)[:, None].expand(-1, targets, -1, -1)
        t = self.read(torch.cat([patches[:, :targets], more], -1)) + self.place + self.variable  # (B, VT, T, D)
        t = t.flatten(0, 1)
        for block in self.blocks:
            t = block(t, None)
        y = self.write(self.dropout(self.norm(t).flatten(1)))  # (N, H * Q)
        return self.frame.on(y.unflatten(0, (-1, targets)), kept)

    def whole(self, series: Tensor, lengths: Tensor | None) -> Tensor:
        """The scores of whole series, padded at their end. Shape: (B, V, L) -> (B, out)."""
        patches = F.pad(series, (0, self.padding)).unfold(2, self.patch, self.stride)  # (B, V, T, S)
        t = self.read(patches.transpose(1, 2).flatten(2)) + self.place  # (B, T, D)
        used = None
        if lengths is not None:
            used = within(((lengths - self.patch).clamp_min(0) + self.stride - 1) // self.stride + 1, t.shape[1])  # (B, T)
        for block in self.blocks:
            t = block(t, None if used is None else ~used[:, None, None])
        t = self.norm(t)
        mean = t.mean(1) if used is None else (t * used[..., None]).sum(1) / used.sum(1, keepdim=True)
        return self.write(self.dropout(mean))
