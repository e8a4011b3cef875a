"""ForwardFails: attribute named train hides the method."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self, train=True):
        super().__init__()
        self.train = train  # here
        self.f = nn.Linear(12, 3)

    def forward(self, x):
        return self.f(x)


X = torch.randn(60, 12)
y = torch.randint(0, 3, (60,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
