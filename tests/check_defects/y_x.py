"""WrongInputShape: y, x."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

d = TensorDataset(torch.randint(0, 2, (64,)), torch.randn(64, 4))
loader = DataLoader(d, batch_size=8)  # here
found = plainloop.check(nn.Linear(4, 2), loader, loss=nn.CrossEntropyLoss())
