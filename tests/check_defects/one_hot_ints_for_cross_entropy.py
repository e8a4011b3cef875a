"""WrongLabelType: one-hot rows of whole numbers."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

X = torch.randn(60, 4)
y = F.one_hot(torch.randint(0, 3, (60,)), 3)  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), loss=nn.CrossEntropyLoss())
