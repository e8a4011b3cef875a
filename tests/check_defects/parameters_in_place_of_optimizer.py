"""NotBuilt: parameters in place of optimizer."""

import torch
from torch import nn

import plainloop

m = nn.Linear(4, 2)
opt = m.parameters()  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss(), optimizer=opt)
