"""A schedule that warms up: the rate is near 0 at first."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 4))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 100)
data = (torch.randn(100, 6), torch.randint(0, 4, (100,)))
found = plainloop.check(model, data, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
