"""ScoresCutOff: log_softmax, and cross-entropy after it."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.LogSoftmax(dim=1))  # here
X = torch.randn(64, 4)
y = torch.randint(0, 3, (64,))
found = plainloop.check(model, DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
