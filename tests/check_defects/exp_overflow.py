"""NotFinite: exp overflow."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        e = torch.exp(x * 1000)  # here
        return self.fc(e / e.sum(1, keepdim=True))


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randn(64, 1)), loss=nn.MSELoss())
