"""WrongLabelType: class numbers as floats."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = torch.randint(0, 3, (100,)).float()  # here
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
