"""LossFarFromChance: first weights of a deviation of 10."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 3))
for layer in (model[0], model[2]):
    nn.init.normal_(layer.weight, std=3.0)
found = plainloop.check(model, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
