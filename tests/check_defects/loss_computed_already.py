"""NotBuilt: loss computed already."""

import torch
from torch import nn

import plainloop

m = nn.Linear(4, 2)
X = torch.randn(64, 4)
y = torch.randint(0, 2, (64,))
loss = nn.CrossEntropyLoss()(m(X), y)  # here
found = plainloop.check(m, (X, y), loss=loss)
