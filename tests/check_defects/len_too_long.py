"""DataUnusable: len too long."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.x = torch.randn(50, 4)
        self.y = torch.randint(0, 2, (50,))

    def __len__(self):
        return 60

    def __getitem__(self, i):
        return self.x[i], self.y[i]  # here


found = plainloop.check(nn.Linear(4, 2), DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
