"""LabelsSorted: a batch that is smaller than a class, without shuffle."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)

X = torch.randn(90, 4)
y = torch.arange(3).repeat_interleave(30)
found = plainloop.check(nn.Linear(4, 3), DataLoader(TensorDataset(X, y), batch_size=16), loss=nn.CrossEntropyLoss())
