"""LossAgainstActivation: softmax before BCE for many labels."""

import torch
from torch import nn

import plainloop

X = torch.randn(200, 9)
y = (torch.rand(200, 6) > 0.6).float()
m = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 6), nn.Softmax(dim=1))  # here
found = plainloop.check(m, (X, y), loss=nn.BCELoss())
