"""WrongInputShape: torch.flatten without start_dim."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 6 * 6, 2)

    def forward(self, x):
        x = torch.flatten(self.conv(x))  # here
        return self.fc(x)


found = plainloop.check(Net(), (torch.randn(64, 1, 8, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
