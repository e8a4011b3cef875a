"""One projection read thrice."""

import torch
from torch import nn

import plainloop


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(5, 16)
        self.q, self.k, self.v = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.o = nn.Linear(16, 3)

    def forward(self, x):
        h = self.proj(x)
        w = torch.softmax(self.q(h) @ self.k(h).transpose(1, 2) / 4, dim=-1)
        return self.o((w @ self.v(h)).mean(1))


X = torch.randn(100, 7, 5)
found = plainloop.check(A(), (X, torch.randint(0, 3, (100,))), loss=nn.CrossEntropyLoss())
