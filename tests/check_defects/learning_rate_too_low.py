"""LearningRateOutOfScale: Adam with a rate of 1e-9."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-9)  # here
data = (torch.randn(64, 8), torch.randint(0, 3, (64,)))
found = plainloop.check(model, data, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
