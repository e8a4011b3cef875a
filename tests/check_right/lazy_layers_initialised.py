"""Lazy layers initialised."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.Linear(16, 3))
X = torch.randn(64, 7)
m(X)
found = plainloop.check(m, (X, torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
