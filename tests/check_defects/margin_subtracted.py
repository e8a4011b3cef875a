"""GradientsVanish: margin sign lost, loss is zero everywhere."""

import torch
from torch import nn

import plainloop


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x):
        return self.f(x)


def hinge(z, y):
    d = (z[:-1] - z[1:]).pow(2).sum(1)
    return torch.relu(d - 100.0).mean()  # here


X = torch.randn(60, 12)
y = torch.randint(0, 3, (60,))
found = plainloop.check(Embed(), (X, y), loss=hinge)
