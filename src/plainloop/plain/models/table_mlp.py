"""table_mlp: embeddings of numbers and categories, then a multilayer perceptron. Copied into ejected projects.

Numbers pass through periodic embeddings (Gorishniy et al. 2022, arXiv 2203.05556, in the small form of RealMLP,
arXiv 2407.04491). With members > 1 an ensemble shares the layers; each member has its own scaling of their input and its own
head (TabM-mini, arXiv 2410.24210).

Axes: B examples, N number slots, M category columns, D width, K ensemble members, out outputs.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
}
SPAN = 10.0  # fastest wave to the middle one


class Periodic(nn.Module):
    """Each number as itself and a few learned waves of it.

    Shape: (B, N) -> (B, N * (1 + size)).
    """

    def __init__(self, num_numbers: int, waves: int = 16, size: int = 3, scale: float = 1.0):
        super().__init__()
        scales = torch.logspace(
            math.log10(scale / SPAN), math.log10(scale * SPAN), waves
        )  # slow waves for trends, fast ones for single values
        self.frequency = nn.Parameter(2 * math.pi * scales * torch.randn(num_numbers, waves))
        self.phase = nn.Parameter(math.pi * (2 * torch.rand(num_numbers, waves) - 1))
        self.weight = nn.Parameter((2 * torch.rand(num_numbers, waves, size) - 1) / math.sqrt(waves))
        self.bias = nn.Parameter((2 * torch.rand(num_numbers, size) - 1) / math.sqrt(waves))

    def forward(self, numbers: Tensor) -> Tensor:
        waves = torch.cos(numbers[..., None] * self.frequency + self.phase)  # (B, N, waves)
        mixed = torch.einsum("bnw,nws->bns", waves, self.weight) + self.bias  # (B, N, size)
        return torch.cat([numbers[..., None], mixed], -1).flatten(1)  # (B, N * (1 + size))


class Model(nn.Module):
    """Embed, then `depth` layers of `width`, then one head per member.

    Shape: inputs "numbers" float32 (B, N), "categories" int64 (B, M) -> scores float32 (B, out), or (B, K, out) for members > 1.

    >>> model = Model({"numbers": 3, "categories": [4, 5]}, 2, members=8)
    >>> model({"numbers": torch.zeros(7, 3), "categories": torch.zeros(7, 2).long()}).shape
    torch.Size([7, 8, 2])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        width: int = 256,
        depth: int = 2,
        dropout: float = 0.2,
        activation: Literal["relu", "gelu", "silu", "mish", "selu", "tanh"] = "relu",
        numbers: Literal["periodic", "plain"] = "periodic",
        frequency: float = 1.0,
        members: int = 1,
    ):
        super().__init__()
        num_numbers, cardinalities = shapes.get("numbers", 0), shapes.get("categories", [])
        self.numbers = Periodic(num_numbers, scale=frequency) if numbers == "periodic" and num_numbers else nn.Identity()
        tables = [nn.Embedding(size, min(64, 2 + round(1.6 * size**0.56))) for size in cardinalities]
        for table in tables:
            nn.init.normal_(table.weight, std=1 / math.sqrt(table.embedding_dim))
        self.categories = nn.ModuleList(tables)
        fan_in = num_numbers * (4 if numbers == "periodic" else 1) + sum(table.embedding_dim for table in tables)
        self.members = members
        self.scale = nn.Parameter(torch.randn(members, fan_in).sign()) if members > 1 else None
        layers: list[nn.Module] = []
        for layer in range(depth):
            layers += [nn.Linear(fan_in if layer == 0 else width, width), ACTIVATIONS[activation]()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers)
        self.head = nn.Parameter(torch.empty(members, width if depth else fan_in, num_outputs))
        self.head_bias = nn.Parameter(torch.zeros(members, 1, num_outputs))
        nn.init.uniform_(self.head, -1 / math.sqrt(self.head.shape[1]), 1 / math.sqrt(self.head.shape[1]))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        parts = []
        if "numbers" in inputs:
            parts.append(self.numbers(inputs["numbers"]))
        if "categories" in inputs:
            parts += [table(codes) for table, codes in zip(self.categories, inputs["categories"].unbind(1), strict=True)]
        x = torch.cat(parts, 1) if len(parts) > 1 else parts[0]  # (B, fan_in)
        if self.scale is None:
            return torch.addmm(self.head_bias[0], self.layers(x), self.head[0])  # (B, out)
        x = (x[:, None] * self.scale).flatten(0, 1)  # (B * K, fan_in)
        x = self.layers(x).unflatten(0, (-1, self.members)).transpose(0, 1)  # (K, B, D)
        return torch.baddbmm(self.head_bias, x, self.head).transpose(0, 1)  # (B, K, out)
