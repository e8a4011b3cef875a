"""WrongLabelType: bool labels to BCE."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 8)
y = X[:, :1] > 0  # here
found = plainloop.check(nn.Linear(8, 1), (X, y), loss=nn.BCEWithLogitsLoss())
