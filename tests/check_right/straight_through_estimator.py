"""Straight-through estimator."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 2)

    def forward(self, x):
        p = torch.sigmoid(self.a(x))
        hard = (p > 0.5).float()
        z = p + (hard - p).detach()
        return self.b(z)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
