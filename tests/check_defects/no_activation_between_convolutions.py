"""NothingBetween: conv after conv without activation."""

import torch
from torch import nn

import plainloop


class C(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3)
        self.c2 = nn.Conv2d(8, 16, 3)
        self.f = nn.Linear(16, 3)

    def forward(self, x):
        x = self.c2(self.c1(x))  # here
        return self.f(x.mean((2, 3)))


X = torch.randn(80, 1, 12, 12)
found = plainloop.check(C(), (X, torch.randint(0, 3, (80,))), loss=nn.CrossEntropyLoss())
