"""Pretrained: loss near 0."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 2)
y = (X[:, 0] > 0).long()
m = nn.Linear(2, 2)
m.weight.data = torch.tensor([[-20.0, 0.0], [20.0, 0.0]])
m.bias.data.zero_()
found = plainloop.check(m, (X, y), loss=nn.CrossEntropyLoss())
