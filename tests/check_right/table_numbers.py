"""A regression with column and target of one shape, by SGD with momentum."""

import torch
from torch import nn

import plainloop

X = torch.randn(150, 5)
y = X.sum(1, keepdim=True) + 0.1 * torch.randn(150, 1)
model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
found = plainloop.check(model, (X, y), loss=nn.MSELoss(), optimizer=optimizer)
