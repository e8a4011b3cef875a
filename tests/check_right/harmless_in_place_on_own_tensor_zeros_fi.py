"""Harmless in-place on own tensor, zeros filled by index."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, x):
        h = self.a(x)
        h = h.clone()
        h[:, 0] = 0
        z = torch.zeros_like(h)
        z += h
        return self.o(torch.relu_(z))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
