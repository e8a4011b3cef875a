"""SilentBroadcast: scores (n,1,1)."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 1, 8)
y = torch.randn(64, 1)  # here
found = plainloop.check(nn.Linear(8, 1), (X, y), loss=nn.MSELoss())
