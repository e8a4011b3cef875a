"""WrongDevice: training on cuda asked for, model on cpu."""

import torch
from torch import nn

import plainloop

m = nn.Linear(4, 3)  # here
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), device="cuda")
