"""LossAgainstActivation: tanh into BCELoss."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        return torch.tanh(self.fc(x))  # here


X = torch.randn(64, 8)
found = plainloop.check(Net(), (X, (X[:, :1] > 0).float()), loss=nn.BCELoss())
