"""NotBuilt: lazy layers that have seen no batch have no weights."""

import torch
from torch import nn

import plainloop

X, y = torch.randn(60, 5), torch.randint(0, 2, (60,))
model = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(2))  # here
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
