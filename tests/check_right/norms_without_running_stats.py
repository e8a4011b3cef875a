"""Norms without running stats."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(
    nn.Conv2d(3, 8, 3),
    nn.InstanceNorm2d(8),
    nn.ReLU(),
    nn.Conv2d(8, 8, 3),
    nn.GroupNorm(2, 8),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 4),
)
found = plainloop.check(m, (torch.rand(40, 3, 12, 12), torch.randint(0, 4, (40,))), loss=nn.CrossEntropyLoss())
