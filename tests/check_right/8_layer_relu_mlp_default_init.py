"""8-layer relu mlp default init."""

import torch
from torch import nn

import plainloop

L = [nn.Linear(10, 64), nn.ReLU()]
for _ in range(7):
    L += [nn.Linear(64, 64), nn.ReLU()]
m = nn.Sequential(*L, nn.Linear(64, 1))
opt = torch.optim.Adam(m.parameters())
found = plainloop.check(m, (torch.randn(64, 10), torch.randn(64, 1)), loss=nn.MSELoss(), optimizer=opt)
