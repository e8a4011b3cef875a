"""OutputsCannotReach: a sigmoid at the end of a regression."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
y = 20 + 5 * X[:, :1]
model = nn.Sequential(
    nn.Linear(4, 16),
    nn.ReLU(),
    nn.Linear(16, 1),
    nn.Sigmoid(),  # here
)
found = plainloop.check(model, (X, y), loss=nn.MSELoss())
