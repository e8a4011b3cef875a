"""WrongLabelType: class numbers as floats, with the task alone given."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

X, y = torch.randn(100, 4), torch.randint(0, 3, (100,))
y = y.to(torch.float32)  # here
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
found = plainloop.check(model, DataLoader(TensorDataset(X, y), batch_size=10), task="multiclass")
