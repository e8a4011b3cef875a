"""LearningRateOutOfScale: wd."""

import torch
from torch import nn

import plainloop

m = nn.Linear(4, 2)
opt = torch.optim.AdamW(m.parameters(), lr=1e-3, weight_decay=10)  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
