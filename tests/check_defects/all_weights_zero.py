"""WeightsAlike: all weights zero."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
for p in m.parameters():
    nn.init.zeros_(p)
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
