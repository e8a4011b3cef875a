"""Iterable dataset."""

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

import plainloop


class S(IterableDataset):
    def __iter__(self):
        for i in range(100):
            yield torch.randn(4), i % 3


found = plainloop.check(nn.Linear(4, 3), DataLoader(S(), batch_size=20), loss=nn.CrossEntropyLoss())
