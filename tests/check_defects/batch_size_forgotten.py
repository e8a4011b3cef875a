"""BatchOfOne: a DataLoader gives single rows unless it is told."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
loader = DataLoader(TensorDataset(torch.randn(64, 4), torch.randint(0, 2, (64,))), shuffle=True)  # here
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss())
