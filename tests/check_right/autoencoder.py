"""An autoencoder: the data has no labels, the inputs are the targets."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(20, 4), nn.ReLU(), nn.Linear(4, 20))
loader = DataLoader(TensorDataset(torch.randn(128, 20)), batch_size=32, shuffle=True)
found = plainloop.check(model, loader, loss=nn.MSELoss())
