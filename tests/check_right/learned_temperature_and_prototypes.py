"""Learned temperature and prototypes."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(6, 8)
        self.proto = nn.Parameter(torch.randn(4, 8))
        self.t = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return -torch.cdist(self.f(x), self.proto) * self.t.exp()


found = plainloop.check(Net(), (torch.randn(64, 6), torch.randint(0, 4, (64,))), loss=nn.CrossEntropyLoss())
