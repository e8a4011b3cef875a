"""All in float64, on purpose."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()
X = torch.randn(64, 4, dtype=torch.float64)
found = plainloop.check(m, (X, X.sum(1, keepdim=True)), loss=nn.MSELoss())
