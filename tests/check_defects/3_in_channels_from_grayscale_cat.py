"""WrongInputShape: 3 in channels from grayscale cat."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 16, 3, padding=1)
        self.b = nn.Conv2d(8, 16, 3, padding=1)  # here
        self.o = nn.Linear(16, 4)

    def forward(self, x):
        return self.o(self.b(torch.relu(self.a(x))).mean((2, 3)))


found = plainloop.check(Net(), (torch.rand(40, 3, 8, 8), torch.randint(0, 4, (40,))), loss=nn.CrossEntropyLoss())
