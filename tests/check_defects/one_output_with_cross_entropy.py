"""WrongOutputWidth: cross-entropy over one output is always 0."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = (X[:, 0] > 0).float().unsqueeze(1)
model = nn.Sequential(
    nn.Linear(4, 8),
    nn.ReLU(),
    nn.Linear(8, 1),  # here
)
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
