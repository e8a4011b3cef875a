"""RowsLeftOut: __len__ returns number of columns."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.x = torch.randn(90, 4)
        self.y = torch.randint(0, 2, (90,))

    def __len__(self):
        return self.x.shape[1]  # here

    def __getitem__(self, i):
        return self.x[i], self.y[i]


m = nn.Linear(4, 2)
found = plainloop.check(m, DataLoader(D(), batch_size=32), loss=nn.CrossEntropyLoss())
