"""WrongOutputWidth: multi target broadcast (n,3) vs (n,1)."""

import torch
from torch import nn

import plainloop

m = nn.Linear(8, 3)  # here
found = plainloop.check(m, (torch.randn(64, 8), torch.randn(64, 1)), task="regression")
