"""Convolutions taken apart."""

import torch
from torch import nn

import plainloop


class Sep(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.d = nn.Conv2d(i, i, 3, padding=1, groups=i)
        self.p = nn.Conv2d(i, o, 1)

    def forward(self, x):
        return torch.relu(self.p(self.d(x)))


m = nn.Sequential(
    nn.Conv2d(3, 8, (1, 3)),
    nn.Conv2d(8, 8, (3, 1)),
    nn.ReLU(),
    Sep(8, 16),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(16, 4),
)
X = torch.rand(80, 3, 14, 14)
found = plainloop.check(m, (X, torch.arange(80) % 4), loss=nn.CrossEntropyLoss())
