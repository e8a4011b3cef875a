"""LossAgainstActivation: softmax over one output."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Softmax(dim=1))  # here
found = plainloop.check(m, (X, (X[:, :1] > 0).float()), loss=nn.BCELoss())
