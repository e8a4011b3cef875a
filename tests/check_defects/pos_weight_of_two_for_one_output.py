"""LossFails: two weights for one score."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
y = torch.randint(0, 2, (80, 1)).float()
loader = DataLoader(TensorDataset(torch.randn(80, 5), y), batch_size=16)
found = plainloop.check(model, loader, loss=nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 5.0])))
