"""LearningRateOutOfScale: reduction sum grows with batch."""

import torch
from torch import nn

import plainloop

X = torch.randn(200, 9)
y = X.sum(1, keepdim=True) * 3
m = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 1))
loss = nn.MSELoss(reduction="sum")  # here
found = plainloop.check(m, (X, y), loss=loss, optimizer=torch.optim.SGD(m.parameters(), lr=0.01))
