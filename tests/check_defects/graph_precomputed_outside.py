"""GraphKept: graph precomputed outside."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 4))
        self.o = nn.Linear(4, 2)
        self.sym = self.w @ self.w.T  # here

    def forward(self, x):
        return self.o(x @ self.sym)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
