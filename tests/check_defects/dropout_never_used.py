"""LayerUnused: dropout and batch norm defined, not used."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(9, 32)
        self.drop = nn.Dropout(0.2)  # here
        self.b = nn.Linear(32, 2)

    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.b(x)


X = torch.randn(50, 9)
y = torch.randint(0, 2, (50,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
