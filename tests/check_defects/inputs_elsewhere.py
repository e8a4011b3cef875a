"""WrongDevice: inputs elsewhere."""

import torch
from torch import nn

import plainloop

X = torch.randn(64, 4, device="meta")  # here
found = plainloop.check(nn.Linear(4, 3), (X, torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
