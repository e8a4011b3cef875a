"""LossFarFromChance: weights drawn with a deviation of ten."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))  # here
for m in model:
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=10)
found = plainloop.check(model, (torch.randn(200, 6), torch.randint(0, 3, (200,))), loss=nn.CrossEntropyLoss())
