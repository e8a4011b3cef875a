"""WrongLabelType: CE with float (n,1) labels and 2 outs."""

import torch
from torch import nn

import plainloop

y = torch.randint(0, 2, (64, 1)).float()  # here
found = plainloop.check(nn.Linear(8, 2), (torch.randn(64, 8), y), loss=nn.CrossEntropyLoss())
