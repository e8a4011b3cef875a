"""LearningRateOutOfScale: SGD lr 10 on regression."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.SGD(m.parameters(), lr=10)  # here
found = plainloop.check(m, (torch.randn(64, 8), torch.randn(64, 1)), loss=nn.MSELoss(), optimizer=opt)
