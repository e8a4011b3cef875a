"""table_linear: one weight per number, one vector per category: logistic or linear regression. Copied into ejected projects.

Axes: B examples, N number slots, M category columns, K ensemble members, out outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Model(nn.Module):
    """Scores that are a weighted sum of the inputs.

    Shape: inputs "numbers" float32 (B, N), "categories" int64 (B, M) -> scores float32 (B, out).

    >>> inputs = {"numbers": torch.zeros(7, 3), "categories": torch.zeros(7, 2, dtype=torch.long)}
    >>> Model({"numbers": 3, "categories": [4, 5]}, 2)(inputs).shape
    torch.Size([7, 2])
    """

    starts: Tensor

    def __init__(self, shapes: dict[str, Any], num_outputs: int):
        super().__init__()
        cardinalities = shapes.get("categories", [])
        self.numbers = nn.Linear(max(1, shapes.get("numbers", 0)), num_outputs)
        self.categories = nn.Embedding(max(1, sum(cardinalities)), num_outputs)
        nn.init.zeros_(self.numbers.weight)
        nn.init.zeros_(self.numbers.bias)
        nn.init.zeros_(self.categories.weight)
        starts = [sum(cardinalities[:column]) for column in range(len(cardinalities))]
        self.register_buffer("starts", torch.tensor(starts, dtype=torch.long), persistent=False)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = self.numbers.bias
        if "numbers" in inputs:
            scores = self.numbers(inputs["numbers"])  # (B, out)
        if "categories" in inputs:
            scores = scores + self.categories(inputs["categories"] + self.starts).sum(1)  # (B, M, out) -> (B, out)
        return scores
