"""WrongInputShape: X (F, B)."""

import torch
from torch import nn

import plainloop

X = torch.randn(4, 64)
data = [(X, torch.randint(0, 2, (64,)))]  # here
found = plainloop.check(nn.Linear(4, 2), data, loss=nn.CrossEntropyLoss())
