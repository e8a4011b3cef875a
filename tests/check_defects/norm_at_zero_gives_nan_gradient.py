"""NotFinite: norm at zero gives NaN gradient."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)
        self.o = nn.Linear(1, 1)

    def forward(self, x):
        h = self.fc(x)
        r = torch.sqrt((h**2).sum(1, keepdim=True))  # here
        return self.o(r)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randn(64, 1)), loss=nn.MSELoss())
