"""SilentBroadcast: (B,1) + (B,) in forward."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 1)
        self.b = nn.Linear(8, 1)

    def forward(self, x):
        s = self.a(x) + self.b(x).squeeze(-1)  # here
        return s.mean(1, keepdim=True)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randn(64, 1)), loss=nn.MSELoss())
