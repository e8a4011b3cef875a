"""Sum reduction with small lr."""

import torch
from torch import nn

import plainloop

m = nn.Linear(4, 1)
opt = torch.optim.SGD(m.parameters(), lr=1e-3)
X = torch.randn(64, 4)
found = plainloop.check(m, (X, X @ torch.randn(4, 1)), loss=nn.MSELoss(reduction="sum"), optimizer=opt)
