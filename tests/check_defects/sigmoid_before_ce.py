"""LossAgainstActivation: sigmoid before CE."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(4, 3)

    def forward(self, x):
        x = self.f(x)
        x = torch.sigmoid(x)  # here
        return x


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
