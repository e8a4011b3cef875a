"""SilentBroadcast: labels long in huber etc."""

import torch
from torch import nn

import plainloop

y = torch.randint(0, 50, (64,))  # here
found = plainloop.check(nn.Linear(4, 1), (torch.randn(64, 4), y), loss=nn.MSELoss())
