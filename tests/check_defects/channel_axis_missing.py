"""WrongInputShape: grey pictures without an axis of channels."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)  # here
        return self.fc(x.amax((2, 3)))


found = plainloop.check(Net(), (torch.rand(64, 28, 28), torch.randint(0, 10, (64,))), loss=nn.CrossEntropyLoss())
