"""WrongOutputWidth: 3 channel labels for autoencoder vs 1."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid())  # here
X = torch.rand(40, 3, 16, 16)
found = plainloop.check(m, (X, X), loss=nn.MSELoss())
