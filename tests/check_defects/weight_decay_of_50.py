"""LearningRateOutOfScale: weight decay of 50."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
opt = torch.optim.SGD(m.parameters(), lr=0.1, weight_decay=50)  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
