"""LabelsOutOfRange: labels of 1 and 2 for binary cross-entropy, which takes them in silence."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = torch.randint(1, 3, (100, 1)).float()  # here
found = plainloop.check(nn.Linear(4, 1), (X, y), loss=nn.BCEWithLogitsLoss())
