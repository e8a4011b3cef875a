"""LearningRateOutOfScale: Adam lr 1 on a deep net."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
opt = torch.optim.Adam(m.parameters(), lr=1.0)  # here
found = plainloop.check(m, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
