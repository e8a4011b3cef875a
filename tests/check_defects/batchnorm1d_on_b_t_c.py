"""WrongInputShape: BatchNorm1d on (B,T,C)."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 8)
        self.bn = nn.BatchNorm1d(8)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        return self.out(self.bn(self.lin(x)).mean(1))  # here


found = plainloop.check(Net(), (torch.randn(64, 20, 3), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
