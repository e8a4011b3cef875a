"""ChanceInEvaluation: own dropout by torch.rand without training."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 16)
        self.b = nn.Linear(16, 2)

    def forward(self, x):
        h = torch.relu(self.a(x))
        mask = (torch.rand_like(h) > 0.3).float()  # here
        return self.b(h * mask)


X = torch.randn(80, 6)
y = torch.randint(0, 2, (80,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
