"""GradientsVanish: bias -100 dead relu."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
nn.init.constant_(m[0].bias, -100.0)
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
