"""ChanceInEvaluation: running count attribute changes output."""

import torch
from torch import nn

import plainloop


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 2)
        self.mean = torch.zeros(3)

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0)  # here
        return self.f(x - self.mean)


found = plainloop.check(N(), (torch.randn(100, 3), torch.arange(100) % 2), loss=nn.CrossEntropyLoss())
