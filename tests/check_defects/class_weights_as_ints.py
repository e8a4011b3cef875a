"""LossFails: class weights as ints."""

import torch
from torch import nn

import plainloop

crit = nn.CrossEntropyLoss(weight=torch.tensor([1, 2, 3]))  # here
found = plainloop.check(nn.Linear(8, 3), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=crit)
