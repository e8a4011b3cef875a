"""InputsNotScaled: incomes beside ages."""

import torch
from torch import nn

import plainloop

ages, incomes = torch.rand(200, 1) * 60 + 20, torch.rand(200, 1) * 60_000
X = torch.cat([ages, incomes], 1)  # here
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
found = plainloop.check(model, (X, torch.randint(0, 2, (200,))), loss=nn.CrossEntropyLoss())
