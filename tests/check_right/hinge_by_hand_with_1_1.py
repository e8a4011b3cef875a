"""Hinge by hand with -1/1."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4)
y = torch.sign(X[:, :1])
found = plainloop.check(nn.Linear(4, 1), (X, y), loss=lambda s, t: torch.clamp(1 - s * t, min=0).mean())
