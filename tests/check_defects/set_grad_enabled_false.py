"""GraphCut: set_grad_enabled False."""

import torch
from torch import nn

import plainloop

with torch.no_grad():
    found = plainloop.check(nn.Linear(4, 2), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())  # here
