"""ScoresDropped: dropout after the last layer."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3), nn.Dropout(0.5))  # here
loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.randint(0, 3, (80,))), batch_size=16)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss())
