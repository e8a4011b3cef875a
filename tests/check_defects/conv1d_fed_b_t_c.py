"""WrongInputShape: conv1d fed (B,T,C)."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Conv1d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 2))
X = torch.randn(64, 50, 3)  # here
found = plainloop.check(m, (X, torch.randint(0, 2, (64,))), task="multiclass")
