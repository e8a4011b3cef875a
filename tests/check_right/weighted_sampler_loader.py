"""Weighted sampler loader."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

import plainloop

y = (torch.rand(100) > 0.9).long()
s = WeightedRandomSampler([1.0] * 100, 100)
found = plainloop.check(
    nn.Linear(4, 2),
    DataLoader(TensorDataset(torch.randn(100, 4), y), batch_size=16, sampler=s),
    loss=nn.CrossEntropyLoss(weight=torch.tensor([1.0, 9.0])),
)
