"""LabelsSorted: one class after the other."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

data = TensorDataset(torch.randn(300, 4), torch.arange(3).repeat_interleave(100))
loader = DataLoader(data, batch_size=32)  # here
found = plainloop.check(nn.Linear(4, 3), loader, loss=nn.CrossEntropyLoss())
