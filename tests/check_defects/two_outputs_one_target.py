"""WrongOutputWidth: two outputs, one target."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randn(64, 1)), loss=nn.MSELoss())
