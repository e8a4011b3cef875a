"""WrongInputShape: small pictures shrink to nothing."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(4)
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        x = self.pool(self.pool(x))
        x = self.conv(x)  # here
        return self.fc(x.flatten(1))


found = plainloop.check(Net(), (torch.rand(32, 3, 16, 16), torch.randint(0, 2, (32,))), loss=nn.CrossEntropyLoss())
