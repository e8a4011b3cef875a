"""text_bag: the mean of the vectors of a text's tokens, and a linear layer. Copied into ejected projects.

The order of the words does not count.

Axes: B examples, T tokens, W vocabulary, D width of a token, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Model(nn.Module):
    """Token vectors, their mean, dropout, one linear layer.

    Shape: inputs "text" int64 (B, T), 0 where a shorter row is padded -> scores float32 (B, out).

    >>> model = Model({"text": {"vocabulary": 50, "length": 9}}, 3)
    >>> model({"text": torch.tensor([[4, 7, 2], [5, 0, 0]])}).shape
    torch.Size([2, 3])
    """

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, width: int = 64, dropout: float = 0.3):
        super().__init__()
        self.tokens = nn.Embedding(shapes["text"]["vocabulary"], width, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]
        lengths = torch.count_nonzero(text, 1)[:, None].clamp_min(1)  # (B, 1)
        mean = self.tokens(text).sum(1) / lengths  # (B, T, D) -> (B, D); padding has the zero vector
        return self.head(self.dropout(mean))  # (B, out)
