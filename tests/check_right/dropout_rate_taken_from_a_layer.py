"""Dropout rate taken from a layer."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 16), nn.Linear(16, 2)
        self.drop = nn.Dropout(0.3)

    def features(self, x):
        return F.dropout(F.gelu(self.a(x)), self.drop.p, self.training)

    def forward(self, x):
        return self.b(self.features(x))


X = torch.randn(100, 6)
found = plainloop.check(Net(), (X, torch.randint(0, 2, (100,))), loss=nn.CrossEntropyLoss())
