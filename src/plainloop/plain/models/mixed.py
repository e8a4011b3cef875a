"""mixed: each kind of input through that kind's own model, the results joined by one more layer. Copied into ejected projects.

    parts = { table = "table_mlp", image = "image_resnet", text = "text_bag" }

Axes: B examples, D width of each part's result, out outputs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KINDS = {"table": ("numbers", "categories"), "image": ("image",), "text": ("text",)}  # part -> the kinds of input it is fed


class Model(nn.Module):
    """One model per part, each giving `width` numbers, then a linear layer over all of them.

    Shape: inputs of any kinds -> scores float32 (B, out).
    """

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, parts: dict[str, str], width: int = 64, dropout: float = 0.1):
        super().__init__()
        self.kinds = {part: [kind for kind in KINDS[part] if kind in shapes] for part in parts}
        self.parts = nn.ModuleDict(
            {
                part: import_module(f".{file}", __package__).Model({kind: shapes[kind] for kind in self.kinds[part]}, width)
                for part, file in parts.items()
            }
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width * len(parts), num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        results = [model({kind: inputs[kind] for kind in self.kinds[part]}) for part, model in self.parts.items()]
        return self.head(self.dropout(F.relu(torch.cat(results, 1))))  # (B, D * parts) -> (B, out)
