"""Batchnorm as first layer on raw inputs."""

import torch
from torch import nn

import plainloop

X = torch.rand(200, 3) * torch.tensor([100.0, 5000.0, 1.0])
m = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
found = plainloop.check(m, (X, torch.randint(0, 2, (200,))), loss=nn.CrossEntropyLoss())
