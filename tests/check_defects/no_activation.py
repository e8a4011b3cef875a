"""NothingBetween: two linear layers with nothing between."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(9, 32)
        self.b = nn.Linear(32, 16)
        self.c = nn.Linear(16, 2)

    def forward(self, x):
        return self.c(self.b(self.a(x)))  # here


X = torch.randn(50, 9)
y = torch.randint(0, 2, (50,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
