"""Batch size 1 with a net without batch norm."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

found = plainloop.check(
    nn.Linear(4, 3), DataLoader(TensorDataset(torch.randn(64, 4), torch.randint(0, 3, (64,)))), loss=nn.CrossEntropyLoss()
)
