"""LossFails: collate leaves labels a list."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import plainloop

rows = [(torch.randn(4), i % 2) for i in range(80)]


def collate(batch):
    return torch.stack([b[0] for b in batch]), [b[1] for b in batch]  # here


m = nn.Linear(4, 2)
found = plainloop.check(m, DataLoader(rows, batch_size=16, collate_fn=collate), loss=nn.CrossEntropyLoss())
