"""LossAgainstActivation: NLLLoss on raw scores."""

import torch
from torch import nn

import plainloop

criterion = nn.NLLLoss()  # here
found = plainloop.check(nn.Linear(4, 3), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=criterion)
