"""DataUnusable: rows and columns of the inputs are swapped."""

import torch
from torch import nn

import plainloop

X = torch.randn(4, 100)
y = torch.randint(0, 2, (100,))
found = plainloop.check(nn.Linear(4, 2), (X, y), loss=nn.CrossEntropyLoss())
