"""LayerUnused: a layer that forward forgot."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 8)  # here
        self.fc3 = nn.Linear(8, 3)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return self.fc3(x)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
