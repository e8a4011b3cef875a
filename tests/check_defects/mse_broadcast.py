"""SilentBroadcast: scores (rows, 1) and labels (rows,) for a squared error."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = X.sum(1)  # here
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
found = plainloop.check(model, (X, y), loss=nn.MSELoss())
