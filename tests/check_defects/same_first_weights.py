"""WeightsAlike: all units begin alike."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 32)  # here
        self.b = nn.Linear(32, 2)
        nn.init.constant_(self.a.weight, 0.1)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
