"""WrongDevice: labels on another device."""

import torch
from torch import nn

import plainloop

y = torch.randint(0, 3, (64,)).to("meta")  # here
found = plainloop.check(nn.Linear(4, 3), (torch.randn(64, 4), y), loss=nn.CrossEntropyLoss())
