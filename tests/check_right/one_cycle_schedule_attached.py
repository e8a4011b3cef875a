"""One cycle schedule attached."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
opt = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 0.1, total_steps=100)
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
