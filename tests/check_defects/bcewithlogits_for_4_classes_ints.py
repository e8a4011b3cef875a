"""WrongOutputWidth: BCEWithLogits for 4 classes ints."""

import torch
from torch import nn

import plainloop

y = torch.randint(0, 4, (64,))  # here
found = plainloop.check(nn.Linear(8, 4), (torch.randn(64, 8), y), loss=nn.BCEWithLogitsLoss())
