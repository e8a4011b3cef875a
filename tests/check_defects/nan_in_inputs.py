"""NotFinite: a gap in the data."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
X[50, 2] = float("nan")
X = X * 2  # here
found = plainloop.check(nn.Linear(4, 1), (X, torch.randn(64, 1)), loss=nn.MSELoss())
