"""30 residual blocks."""

import torch
from torch import nn

import plainloop


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.GELU(), nn.Linear(d, d))

    def forward(self, x):
        return x + self.f(x)


m = nn.Sequential(nn.Linear(5, 32), *[Block(32) for _ in range(30)], nn.Linear(32, 2))
found = plainloop.check(m, (torch.randn(64, 5), torch.randint(0, 2, (64,))), task="multiclass")
