"""WrongInputType: model half."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).half()
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
