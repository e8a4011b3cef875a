"""WrongOutputWidth: two outputs for a label of one."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)  # here

    def forward(self, x):
        return self.fc(x)


X = torch.randn(100, 4)
found = plainloop.check(Net(), (X, (X[:, 0] > 0).float()), loss=nn.BCEWithLogitsLoss())
