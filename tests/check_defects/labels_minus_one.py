"""LabelsOutOfRange: labels of -1 and 1 for cross-entropy."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = torch.randint(0, 2, (100,)) * 2 - 1  # here
found = plainloop.check(nn.Linear(4, 2), (X, y), task="multiclass")
