"""DataUnusable: iterator."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

it = iter(DataLoader(TensorDataset(torch.randn(64, 4), torch.randint(0, 2, (64,))), batch_size=8))  # here
found = plainloop.check(nn.Linear(4, 2), it, loss=nn.CrossEntropyLoss())
