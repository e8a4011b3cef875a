"""ForwardFails: activation given as a string."""

import torch
from torch import nn

import plainloop


class N(nn.Module):
    def __init__(self, act="relu"):
        super().__init__()
        self.act = act
        self.f, self.g = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.g(self.act(self.f(x)))  # here


X = torch.rand(50, 4)
found = plainloop.check(N(), (X, torch.randint(0, 2, (50,))), loss=nn.CrossEntropyLoss())
