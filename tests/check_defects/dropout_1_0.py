"""GradientsVanish: dropout 1.0."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(1.0), nn.Linear(8, 2))
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
