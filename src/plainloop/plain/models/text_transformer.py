"""text_transformer: each word looks at all others, several times over; the mean of the words decides.

The encoder of Vaswani et al. 2017 (arXiv 1706.03762), normalised before each part as in Xiong et al. 2020 (arXiv 2002.04745).
It has to learn from the data what words mean, so it wants more of it than a bag of words. Copied into ejected projects.

Axes: B examples, T tokens, W vocabulary, D width of a token, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Attention over the text, then a perceptron on each token; both read a normalised copy and add to what came in.

    Shape: (B, T, D), bool (B, 1, 1, T) which tokens can be looked at -> (B, T, D).
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention, self.norm_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.join, last = nn.Linear(width, width), nn.Linear(2 * width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), last)
        nn.init.zeros_(self.join.weight)  # every block begins as the identity
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor, here: Tensor) -> Tensor:
        x = x + self.attend(self.norm_attention(x), here)
        return x + F.dropout(self.perceptron(self.norm_perceptron(x)), self.dropout, self.training)

    def attend(self, x: Tensor, here: Tensor) -> Tensor:
        parts = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))  # (B, T, 3, heads, D / heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, T, D / heads)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=here)  # (B, heads, T, D / heads)
        return F.dropout(self.join(mixed.transpose(1, 2).flatten(2)), self.dropout, self.training)


class Model(nn.Module):
    """Token vectors with a learned place each, `depth` blocks, the mean over the tokens, one linear layer.

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
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.tokens = nn.Embedding(shapes["text"]["vocabulary"], width, padding_idx=0)
        nn.init.normal_(self.tokens.weight[1:], std=width**-0.5)  # a few steps change that much: a rare word is little noise
        self.place = nn.Parameter(0.1 * torch.randn(shapes["text"]["length"], width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]
        here = text != 0  # (B, T)
        seen = (here | (here.sum(1, keepdim=True) == 0))[:, None, None]  # (B, 1, 1, T); an empty text looks at its padding
        x = self.dropout(self.tokens(text) + self.place[: text.shape[1]])  # (B, T, D)
        for block in self.blocks:
            x = block(x, seen)
        words = here[..., None].float()  # (B, T, 1)
        mean = (self.norm(x) * words).sum(1) / words.sum(1).clamp_min(1)
        return self.head(self.dropout(mean))  # (B, D) -> (B, out)
