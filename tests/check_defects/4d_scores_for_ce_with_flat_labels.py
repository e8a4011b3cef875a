"""WrongScores: 4D scores for CE with flat labels."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 5, 1))
found = plainloop.check(m, (torch.rand(64, 3, 8, 8), torch.randint(0, 5, (64,))), loss=nn.CrossEntropyLoss())
