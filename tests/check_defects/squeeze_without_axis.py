"""OneRowFails: squeeze() takes away the axis of rows of a single row."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return self.fc(x).squeeze()  # here


X = torch.randn(64, 4)
found = plainloop.check(Net(), (X, X.sum(1)), loss=nn.MSELoss())
