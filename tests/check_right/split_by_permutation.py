"""Split by permutation."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

X = torch.randn(200, 4)
y = (X[:, 0] > 0).long()
order = torch.randperm(200)
train, test = order[:150], order[150:]
X_train, y_train = X[train], y[train]
X_test, y_test = X[test], y[test]
mean, std = X_train.mean(0), X_train.std(0)
X_train = (X_train - mean) / std
m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
found = plainloop.check(m, DataLoader(TensorDataset(X_train, y_train), batch_size=10, shuffle=True), loss=nn.CrossEntropyLoss())
