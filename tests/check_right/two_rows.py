"""Two rows."""

import torch
from torch import nn

import plainloop

found = plainloop.check(nn.Linear(2, 2), (torch.randn(2, 2), torch.tensor([0, 1])), loss=nn.CrossEntropyLoss())
