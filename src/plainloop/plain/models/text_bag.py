"""text_bag: a weight for each n-gram and class, added up over the text. Fast, and hard to beat on few texts.

A linear classifier over a bag of n-grams, as Wang & Manning 2012 ("Baselines and bigrams") and fastText (Joulin et al. 2017,
arXiv 1607.01759) use it, here over words, pairs of words and runs of letters (columns/ngrams.py). Rare n-grams count more, and
long texts no more than short ones: a text is a vector of length 1 for its words and pairs, and one for its runs. The order of
the words does not count beyond pairs. It takes tokens of any other kind as well. Copied into ejected projects.

Axes: B examples, T tokens, W vocabulary, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BIAS = 30  # AdamW moves each weight about as far per step; what all rows share must go far at once, or rare labels mislead words


class Model(nn.Module):
    """The sum of the weights of a text's n-grams, each times how rare it is, over the length of that vector.

    runs: the length of the vector of the runs of letters, where that of the words and pairs is 1. dropout: the share of the
    n-grams left out of a text in each step of training.

    Shape: inputs "text" int64 (B, T), 0 where a shorter row is padded -> scores float32 (B, out).

    >>> model = Model({"text": {"vocabulary": 50, "length": 9}}, 3)
    >>> model({"text": torch.tensor([[4, 7, 2], [5, 0, 0]])}).shape
    torch.Size([2, 3])
    """

    rarity: Tensor

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, runs: float = 0.5, dropout: float = 0.0):
        super().__init__()
        vocabulary = shapes["text"]["vocabulary"]
        rarity = shapes["text"].get("rarity", [0.0] + [1.0] * (vocabulary - 1))
        self.register_buffer("rarity", torch.tensor(rarity), persistent=False)
        self.first_run, self.runs = shapes["text"].get("runs", vocabulary), runs
        self.dropout = dropout
        self.weights = nn.Parameter(0.01 * torch.randn(vocabulary, num_outputs))
        self.bias = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]
        rarity = F.dropout(self.rarity[text], self.dropout, self.training)  # (B, T)
        is_run = text >= self.first_run
        values = F.normalize(rarity.masked_fill(is_run, 0.0)) + self.runs * F.normalize(rarity.masked_fill(~is_run, 0.0))
        return F.embedding_bag(text, self.weights, per_sample_weights=values, mode="sum") + BIAS * self.bias  # (B, out)
