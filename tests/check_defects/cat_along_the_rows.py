"""WrongInputShape: cat without dim joins rows."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.o = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(16, 2)

    def forward(self, x):
        return self.o(torch.cat([self.a(x), self.b(x)]))  # here


found = plainloop.check(Net(), (torch.randn(60, 6), torch.randint(0, 2, (60,))), loss=nn.CrossEntropyLoss())
