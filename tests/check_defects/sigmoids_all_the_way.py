"""GradientsVanish: fifteen layers with a sigmoid each."""

import torch
from torch import nn

import plainloop

layers = []
for _ in range(15):
    layers += [nn.Linear(16, 16), nn.Sigmoid()]
model = nn.Sequential(*layers, nn.Linear(16, 2))
found = plainloop.check(model, (torch.randn(64, 16), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
