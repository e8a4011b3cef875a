"""GradientsExplode: deep linear big init."""

import torch
from torch import nn

import plainloop

L = []
for _ in range(10):
    layer = nn.Linear(64, 64)
    nn.init.normal_(layer.weight, std=1.0)
    L += [layer, nn.ReLU()]
m = nn.Sequential(*L, nn.Linear(64, 1))
found = plainloop.check(m, (torch.randn(64, 64), torch.randn(64, 1)), loss=nn.MSELoss())
