"""A sigmoid at the end, and BCELoss that wants it."""

import torch
from torch import nn

import plainloop

X = torch.randn(100, 8)
model = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())
found = plainloop.check(model, (X, (X[:, :1] > 0).float()), loss=nn.BCELoss())
