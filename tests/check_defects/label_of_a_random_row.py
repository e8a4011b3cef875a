"""RowsTornApart: label drawn at random index."""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.x = torch.randn(80, 3)
        self.y = torch.randint(0, 2, (80,))

    def __len__(self):
        return 80

    def __getitem__(self, i):
        j = random.randrange(80)
        return self.x[i], self.y[j]  # here


m = nn.Linear(3, 2)
found = plainloop.check(m, DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
