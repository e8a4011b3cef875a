"""Several labels per row."""

import torch
from torch import nn

import plainloop

y = (torch.rand(100, 6) > 0.7).float()
found = plainloop.check(nn.Linear(8, 6), (torch.randn(100, 8), y), task="multilabel")
