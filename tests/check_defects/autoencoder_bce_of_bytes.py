"""LabelsOutOfRange: bytes as targets of BCELoss."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid())
x = torch.randint(0, 256, (80, 1, 8, 8)).float()
loader = DataLoader(TensorDataset(x / 255, x.flatten(1)), batch_size=16)
found = plainloop.check(model, loader, loss=nn.BCELoss())
