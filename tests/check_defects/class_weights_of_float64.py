"""LossFails: float64 class weights from sklearn."""

import numpy as np
import torch
from torch import nn

import plainloop

X = torch.randn(200, 9)
y = torch.randint(0, 3, (200,))
counts = np.bincount(y.numpy())
weights = torch.from_numpy(counts.sum() / (3 * counts))  # here
m = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 3))
found = plainloop.check(m, (X, y), loss=nn.CrossEntropyLoss(weight=weights))
