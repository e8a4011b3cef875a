"""LabelsLeftOut: ignore_index of a class that rows have."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3))
loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.randint(0, 3, (80,))), batch_size=16)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss(ignore_index=0))
