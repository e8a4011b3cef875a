"""SilentBroadcast: the same, with the task alone given."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

X = torch.randn(100, 4)
y = X.sum(1)  # here
loader = DataLoader(TensorDataset(X, y), batch_size=20, shuffle=True)
found = plainloop.check(nn.Linear(4, 1), loader, task="regression")
