"""NothingLearns: frozen after the new head was put in."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))  # here
for parameter in model.parameters():
    parameter.requires_grad = False
found = plainloop.check(model, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
