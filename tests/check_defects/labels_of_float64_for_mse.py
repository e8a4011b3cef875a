"""LossInDouble: labels from NumPy are float64, the scores float32."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)
X = torch.randn(300, 5)
y = torch.from_numpy(np.random.default_rng(0).normal(size=300))  # here
model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
loader = DataLoader(TensorDataset(X, y), batch_size=32)
found = plainloop.check(model, loader, loss=nn.MSELoss())
