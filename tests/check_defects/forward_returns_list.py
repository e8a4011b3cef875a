"""ForwardFails: forward returns list."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.ModuleList([nn.Linear(4, 3)])

    def forward(self, x):
        return self.f(x)  # here


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
