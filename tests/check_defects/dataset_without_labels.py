"""DataUnusable: dataset without labels."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

loader = DataLoader(TensorDataset(torch.randn(20, 4)), batch_size=4)  # here
found = plainloop.check(nn.Linear(4, 2), loader, loss=nn.CrossEntropyLoss())
