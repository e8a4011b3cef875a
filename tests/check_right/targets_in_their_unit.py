"""A model that turns its numbers back into the unit of the target."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

torch.manual_seed(0)


class Unit(nn.Module):
    def __init__(self, X, y):
        super().__init__()
        self.register_buffer("m", X.mean(0))
        self.register_buffer("s", X.std(0))
        self.register_buffer("ym", y.mean())
        self.register_buffer("ys", y.std())
        self.net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.net((x - self.m) / self.s) * self.ys + self.ym


X = torch.rand(200, 3) * torch.tensor([1000.0, 5.0, 80.0])
y = X[:, :1] * 3 + 200
model = Unit(X, y)
found = plainloop.check(model, (X, y), loss=lambda p, t: F.mse_loss((p - model.ym) / model.ys, (t - model.ym) / model.ys))
