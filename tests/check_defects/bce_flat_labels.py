"""WrongLabelShape: scores (rows, 1) and labels (rows,) for binary cross-entropy."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 4)
y = (X[:, 0] > 0).float()  # here
found = plainloop.check(nn.Linear(4, 1), (X, y), loss=nn.BCEWithLogitsLoss())
