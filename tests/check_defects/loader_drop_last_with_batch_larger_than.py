"""DataUnusable: loader drop_last with batch larger than data."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

loader = DataLoader(TensorDataset(torch.randn(20, 4), torch.randint(0, 2, (20,))), batch_size=64, drop_last=True)  # here
found = plainloop.check(nn.Linear(4, 2), loader, loss=nn.CrossEntropyLoss())
