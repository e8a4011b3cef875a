"""LossAgainstActivation: no probability below one half after a ReLU."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return torch.relu(self.fc(x))  # here


X = torch.randn(64, 4)
found = plainloop.check(Net(), (X, (X[:, :1] > 0).float()), loss=nn.BCEWithLogitsLoss())
