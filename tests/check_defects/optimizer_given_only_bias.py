"""PartOutsideOptimizer: optimizer given only bias."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
opt = torch.optim.Adam([m[0].weight], lr=1e-3)  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
