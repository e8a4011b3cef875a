"""LossAgainstActivation: BCELoss without a sigmoid."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
y = (X[:, :1] > 0).float()
loss = nn.BCELoss()  # here
found = plainloop.check(nn.Linear(4, 1), (X, y), loss=loss)
