"""WrongInputShape: residual add of other widths."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 16)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        h = x + self.a(x)  # here
        return self.fc(h)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
