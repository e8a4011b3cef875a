"""LearningRateOutOfScale: SGD lr 1e-9."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
opt = torch.optim.SGD(m.parameters(), lr=1e-9)  # here
found = plainloop.check(m, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
