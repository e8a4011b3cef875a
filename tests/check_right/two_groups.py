"""Two groups."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
opt = torch.optim.AdamW([{"params": m[0].parameters(), "lr": 1e-5}, {"params": m[2].parameters()}], lr=1e-3)
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
