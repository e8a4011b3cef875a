"""Noise as an input."""

import torch
from torch import nn

import plainloop


class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(6 + 4, 16), nn.ReLU(), nn.Linear(16, 6))

    def forward(self, c):
        z = torch.randn(len(c), 4, device=c.device)
        return self.f(torch.cat([c, z], 1))


X = torch.randn(100, 6)
found = plainloop.check(G(), (X, torch.randn(100, 6)), loss=nn.MSELoss())
