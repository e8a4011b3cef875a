"""ChanceInEvaluation: noise in forward also in eval."""

import torch
from torch import nn

import plainloop


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(9, 32)
        self.b = nn.Linear(32, 2)

    def forward(self, x):
        x = x + 0.1 * torch.randn_like(x)  # here
        return self.b(torch.relu(self.a(x)))


X = torch.randn(50, 9)
y = torch.randint(0, 2, (50,))
found = plainloop.check(Noisy(), (X, y), loss=nn.CrossEntropyLoss())
