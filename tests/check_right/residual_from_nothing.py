"""Branches that begin as nothing: the last layer of each is zero."""

import torch
from torch import nn

import plainloop


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.a, self.b = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))


model = nn.Sequential(nn.Linear(6, 16), Block(16), Block(16), nn.Linear(16, 2))
nn.init.zeros_(model[-1].weight)
found = plainloop.check(model, (torch.randn(80, 6), torch.randint(0, 2, (80,))), loss=nn.CrossEntropyLoss())
