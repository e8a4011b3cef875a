"""LossAgainstActivation: MSE with class labels."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
y = torch.randint(0, 3, (64,))  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), loss=nn.MSELoss())
