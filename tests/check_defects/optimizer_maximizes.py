"""LossTurnedRound: maximize=True."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)

model = nn.Linear(4, 2)
X = torch.randn(64, 4)
y = torch.randint(0, 2, (64,))
found = plainloop.check(
    model,
    DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True),
    loss=nn.CrossEntropyLoss(),
    optimizer=torch.optim.SGD(model.parameters(), lr=0.1, maximize=True),
)
