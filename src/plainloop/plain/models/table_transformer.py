"""table_transformer: every column a token, a transformer over them, the answer read at one extra token.

Copied into ejected projects.
After FT-Transformer (Gorishniy et al. 2021, arXiv 2106.11959): pre-norm blocks, feature tokens, a [CLS] token.

Axes: B examples, N number slots, M category columns, T = 1 + N + M tokens, D width, H heads, out outputs.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Attention between tokens, then a gated feed-forward layer, each added to what came in.

    Shape: (B, T, D) -> (B, T, D).
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        hidden = int(width * 4 / 3)
        self.feed_in, self.feed_out = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.query_key_value(self.norm_attention(x)).unflatten(-1, (3, self.heads, -1))  # (B, T, 3, H, D/H)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, D/H)
        mixed = F.scaled_dot_product_attention(query, key, value, dropout_p=self.dropout if self.training else 0.0)
        x = x + self.drop(self.out(mixed.transpose(1, 2).flatten(2)))  # (B, T, D)
        gate, content = self.feed_in(self.norm_feed(x)).chunk(2, -1)
        return x + self.drop(self.feed_out(F.relu(gate) * content))


class Model(nn.Module):
    """Column tokens through `depth` blocks; the score is read at the first token.

    Shape: inputs "numbers" float32 (B, N), "categories" int64 (B, M) -> scores float32 (B, out).

    >>> inputs = {"numbers": torch.zeros(7, 3), "categories": torch.zeros(7, 2, dtype=torch.long)}
    >>> Model({"numbers": 3, "categories": [4, 5]}, 2)(inputs).shape
    torch.Size([7, 2])
    """

    def __init__(
        self, shapes: dict[str, Any], num_outputs: int, *, width: int = 64, depth: int = 3, heads: int = 4, dropout: float = 0.1
    ):
        super().__init__()
        num_numbers, cardinalities = shapes.get("numbers", 0), shapes.get("categories", [])
        bound = 1 / math.sqrt(width)
        self.first = nn.Parameter(torch.empty(1, 1, width).uniform_(-bound, bound))
        self.number_weight = nn.Parameter(torch.empty(num_numbers, width).uniform_(-bound, bound))
        self.number_bias = nn.Parameter(torch.empty(num_numbers, width).uniform_(-bound, bound))
        tables = [nn.Embedding(size, width) for size in cardinalities]
        for table in tables:
            nn.init.uniform_(table.weight, -bound, bound)
        self.categories = nn.ModuleList(tables)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        tokens = [self.first.expand(next(iter(inputs.values())).shape[0], -1, -1)]  # (B, 1, D)
        if "numbers" in inputs:
            tokens.append(inputs["numbers"][..., None] * self.number_weight + self.number_bias)  # (B, N, D)
        if "categories" in inputs:
            codes = inputs["categories"].unbind(1)
            tokens.append(torch.stack([table(code) for table, code in zip(self.categories, codes, strict=True)], 1))  # (B, M, D)
        x = torch.cat(tokens, 1)  # (B, T, D)
        for block in self.blocks:
            x = block(x)
        return self.head(F.relu(self.norm(x[:, 0])))  # (B, out)
