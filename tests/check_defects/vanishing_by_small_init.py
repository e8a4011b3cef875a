"""GradientsVanish: vanishing by small init."""

import torch
from torch import nn

import plainloop

L = []
for _ in range(8):
    layer = nn.Linear(16, 16)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.zeros_(layer.bias)
    L += [layer, nn.Tanh()]
m = nn.Sequential(*L, nn.Linear(16, 2))
found = plainloop.check(m, (torch.randn(64, 16), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
