"""WrongLabelType: labels as float probabilities for nll."""

import torch
from torch import nn

import plainloop

X = torch.rand(40, 6)
y = torch.softmax(torch.randn(40, 3), 1)  # here
m = nn.Sequential(nn.Linear(6, 3), nn.LogSoftmax(dim=1))
found = plainloop.check(m, (X, y), loss=nn.NLLLoss())
