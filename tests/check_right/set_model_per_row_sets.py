"""Set model: per-row sets."""

import torch
from torch import nn

import plainloop


class DeepSet(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(3, 16), nn.ReLU())
        self.rho = nn.Linear(16, 1)

    def forward(self, x):
        return self.rho(self.phi(x).sum(dim=1))


found = plainloop.check(DeepSet(), (torch.randn(64, 10, 3), torch.randn(64, 1)), loss=nn.SmoothL1Loss())
