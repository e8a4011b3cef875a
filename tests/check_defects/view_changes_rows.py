"""WrongScores: view with a wrong size makes four rows of one."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = x.view(-1, 64)  # here
        return self.fc(x)


found = plainloop.check(Net(), (torch.rand(64, 3, 8, 8), torch.randint(0, 10, (64,))), loss=nn.CrossEntropyLoss())
