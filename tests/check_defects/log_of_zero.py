"""NotFinite: the logarithm of inputs that can be 0."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        x = torch.log(x)  # here
        return self.fc(x)


X = torch.randint(0, 3, (64, 4)).float()
found = plainloop.check(Net(), (X, torch.randn(64, 1)), loss=nn.MSELoss())
