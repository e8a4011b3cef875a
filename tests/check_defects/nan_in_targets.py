"""NotFinite: NaN in targets."""

import torch
from torch import nn

import plainloop

y = torch.randn(64, 1)
y[40] = float("nan")  # here
found = plainloop.check(nn.Linear(8, 1), (torch.randn(64, 8), y), loss=nn.MSELoss())
