"""Mixup in collate."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, default_collate

import plainloop

rows = [(torch.randn(3, 8, 8), i % 4) for i in range(100)]


def mixup(batch):
    x, y = default_collate(batch)
    y = F.one_hot(y, 4).float()
    lam = torch.distributions.Beta(0.2, 0.2).sample()
    order = torch.randperm(len(x))
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]


net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4))
found = plainloop.check(net, DataLoader(rows, batch_size=20, shuffle=True, collate_fn=mixup), loss=nn.CrossEntropyLoss())
