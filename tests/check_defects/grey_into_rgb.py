"""WrongInputShape: grey pictures into a layer for three channels."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(
    nn.Conv2d(3, 8, 3),  # here
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 2),
)
found = plainloop.check(model, (torch.rand(64, 1, 28, 28), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
