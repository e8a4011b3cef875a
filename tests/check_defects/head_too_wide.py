"""WidthBeyondClasses: three classes, ten outputs."""

import torch
from torch import nn

import plainloop

X, y = torch.randn(300, 8), torch.randint(0, 3, (300,))
model = nn.Sequential(
    nn.Linear(8, 16),
    nn.ReLU(),
    nn.Linear(16, 10),  # here
)
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
