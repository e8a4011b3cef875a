"""WrongScores: sum() without dim."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x).sum()  # here


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randn(64)), loss=nn.MSELoss())
