"""Mc dropout on purpose."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 32)
        self.b = nn.Linear(32, 1)

    def forward(self, x):
        return self.b(F.dropout(F.relu(self.a(x)), p=0.2, training=True))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randn(64, 1)), loss=nn.MSELoss())
