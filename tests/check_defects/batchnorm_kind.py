"""WrongInputShape: BatchNorm2d on rows of numbers."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 12)
        self.norm = nn.BatchNorm2d(12)  # here
        self.fc2 = nn.Linear(12, 1)

    def forward(self, x):
        return self.fc2(self.norm(self.fc1(x)))


found = plainloop.check(Net(), (torch.randn(64, 6), torch.randn(64, 1)), loss=nn.MSELoss())
