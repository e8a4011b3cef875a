"""Rates out of softplus."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softplus())
loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.poisson(torch.full((80, 1), 3.0))), batch_size=16, shuffle=True)
found = plainloop.check(model, loader, loss=nn.PoissonNLLLoss(log_input=False))
