"""WrongInputShape: the first layer is made for other data."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 16)  # here
        self.fc2 = nn.Linear(16, 2)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return self.fc2(x)


found = plainloop.check(Net(), (torch.randn(64, 12), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
