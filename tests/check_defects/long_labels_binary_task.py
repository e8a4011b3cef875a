"""WrongLabelType: whole numbers for the binary task and one output."""

import torch
from torch import nn

import plainloop

X = torch.randn(80, 4)
y = (X[:, :1] > 0).long()  # here
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
found = plainloop.check(model, (X, y), task="binary")
