"""LeftInEval: self.eval() called in forward."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(12)
        self.f = nn.Linear(12, 3)

    def forward(self, x):
        self.eval()  # here
        return self.f(self.bn(x))


X = torch.randn(60, 12)
y = torch.randint(0, 3, (60,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
