"""Blocks that are left out by chance."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class SD(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(8, 16)
        self.blocks = nn.ModuleList([nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 16), nn.GELU()) for _ in range(4)])
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        x = self.inp(x)
        for b in self.blocks:
            if self.training and torch.rand(1).item() < 0.1:
                continue
            x = x + b(x)
        return self.out(x)


torch.manual_seed(3)
found = plainloop.check(SD(), (torch.randn(100, 8), torch.randint(0, 3, (100,))), loss=nn.CrossEntropyLoss())
