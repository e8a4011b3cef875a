"""TargetsNotScaled: prices as they are."""

import torch
from torch import nn

import plainloop

X = torch.randn(200, 4)
y = 200_000 + 80_000 * X[:, :1]  # here
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
found = plainloop.check(model, (X, y), loss=nn.MSELoss())
