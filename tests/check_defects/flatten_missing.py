"""WrongInputShape: pictures go into a linear layer without flatten."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(28 * 28, 10)

    def forward(self, x):
        return self.fc(x)  # here


found = plainloop.check(Net(), (torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))), loss=nn.CrossEntropyLoss())
