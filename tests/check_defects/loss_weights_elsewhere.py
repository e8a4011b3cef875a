"""WrongDevice: the weights of the loss are on another device."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)
loss = nn.CrossEntropyLoss(weight=torch.ones(2, device="meta"))  # here
found = plainloop.check(nn.Linear(6, 2), (torch.randn(60, 6), torch.randint(0, 2, (60,))), loss=loss)
