"""Lstm over 150 steps."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(2, 32, batch_first=True)
        self.o = nn.Linear(32, 1)

    def forward(self, x):
        return self.o(self.r(x)[0][:, -1])


m = Net()
found = plainloop.check(
    m, (torch.randn(64, 150, 2), torch.randn(64, 1)), loss=nn.MSELoss(), optimizer=torch.optim.Adam(m.parameters(), 1e-3)
)
