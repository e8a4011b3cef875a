"""text_cnn: convolutions over three, four and five words, the strongest answer of each filter. Copied into ejected projects.

After Kim 2014 (arXiv 1408.5882), "CNN-rand". A filter looks at a few neighbouring words wherever they stand in the text.

Axes: B examples, T tokens, W vocabulary, D width of a token, F filters per size, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Model(nn.Module):
    """Token vectors, filters of each size, the largest value of each filter over the text, one linear layer.

    filters: of each size. sizes: how many neighbouring tokens a filter sees.

    Shape: inputs "text" int64 (B, T), 0 where a shorter row is padded -> scores float32 (B, out).

    >>> model = Model({"text": {"vocabulary": 50, "length": 9}}, 3)
    >>> model({"text": torch.tensor([[4, 7, 2], [5, 0, 0]])}).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        width: int = 128,
        filters: int = 100,
        sizes: tuple[int, ...] = (3, 4, 5),
        dropout: float = 0.5,
    ):
        super().__init__()
        self.tokens = nn.Embedding(shapes["text"]["vocabulary"], width, padding_idx=0)
        nn.init.normal_(self.tokens.weight[1:], std=width**-0.5)  # a few steps change that much: a rare word is little noise
        self.sizes = sizes
        self.filters = nn.ModuleList(nn.Conv1d(width, filters, size) for size in sizes)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(filters * len(sizes), num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]
        padding = (text == 0)[:, None]  # (B, 1, T)
        x = self.tokens(text).mT  # (B, D, T)
        strongest = []
        for size, layer in zip(self.sizes, self.filters, strict=True):
            before = (size - 1) // 2  # so that there is one answer per token, and the shortest text has one
            found = layer(F.pad(x, (before, size - 1 - before)))  # (B, F, T)
            strongest.append(found.masked_fill(padding, -torch.inf).amax(2))
        return self.head(self.dropout(F.relu(torch.cat(strongest, 1))))  # (B, F * sizes) -> (B, out); nothing found is 0
