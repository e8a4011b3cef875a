"""LabelsOutOfRange: classes counted from 1."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = torch.randint(1, 4, (100,))  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), loss=nn.CrossEntropyLoss())
