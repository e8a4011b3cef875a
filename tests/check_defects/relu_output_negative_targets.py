"""OutputsCannotReach: relu output, negative targets."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.ReLU())  # here
found = plainloop.check(m, (X, X[:, :1]), loss=nn.MSELoss())
