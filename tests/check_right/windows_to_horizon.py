"""Windows to horizon."""

import torch
from torch import nn

import plainloop


class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(48, 12)

    def forward(self, x):
        last = x[:, -1:, :]
        return self.l((x - last).transpose(1, 2)).transpose(1, 2) + last


found = plainloop.check(D(), (torch.randn(64, 48, 3), torch.randn(64, 12, 3)), loss=nn.MSELoss())
