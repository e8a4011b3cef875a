"""WrongInputShape: the size after flatten was guessed."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(16 * 5 * 5, 10)  # here

    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x)))
        x = torch.flatten(x, 1)
        return self.fc(x)


found = plainloop.check(Net(), (torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))), loss=nn.CrossEntropyLoss())
