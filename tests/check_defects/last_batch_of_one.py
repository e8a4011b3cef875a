"""BatchOfOne: 65 rows in batches of 16."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
data = TensorDataset(torch.randn(65, 4), torch.randint(0, 2, (65,)))
loader = DataLoader(data, batch_size=16, shuffle=True)  # here
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss())
