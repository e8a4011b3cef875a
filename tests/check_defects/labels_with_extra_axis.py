"""WrongLabelShape: labels as a column, for cross-entropy."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = torch.randint(0, 3, (100, 1))  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), loss=nn.CrossEntropyLoss())
