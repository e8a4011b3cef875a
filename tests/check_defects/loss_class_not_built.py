"""NotBuilt: the class of a loss in place of a loss."""

import torch
from torch import nn

import plainloop

criterion = nn.CrossEntropyLoss  # here
found = plainloop.check(nn.Linear(4, 2), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=criterion)
