"""LossAgainstActivation: sigmoid twice."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.fc(x)).squeeze(-1)  # here


X = torch.randn(64, 4)
found = plainloop.check(Net(), (X, (X[:, 0] > 0).float()), loss=nn.BCEWithLogitsLoss())
