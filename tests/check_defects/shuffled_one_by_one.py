"""RowsTornApart: X and y permuted by different permutations."""

import torch
from torch import nn

import plainloop

X = torch.randn(300, 4)
y = (X[:, 0] > 0).long()
X = X[torch.randperm(300)]
y = y[torch.randperm(300)]  # here
m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
found = plainloop.check(m, (X, y), loss=nn.CrossEntropyLoss())
