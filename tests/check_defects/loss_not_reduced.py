"""LossFails: a loss per row."""

import torch
from torch import nn

import plainloop

criterion = nn.CrossEntropyLoss(reduction="none")  # here
found = plainloop.check(nn.Linear(4, 2), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=criterion)
