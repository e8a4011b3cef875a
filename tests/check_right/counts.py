"""Counts by the Poisson loss."""

import torch
from torch import nn

import plainloop

y = torch.poisson(torch.full((80, 1), 2.0))
found = plainloop.check(nn.Linear(4, 1), (torch.randn(80, 4), y), loss=nn.PoissonNLLLoss())
