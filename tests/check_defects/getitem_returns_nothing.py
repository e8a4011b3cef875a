"""DataUnusable: __getitem__ forgets return."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.x = torch.randn(90, 4)
        self.y = torch.randint(0, 2, (90,))

    def __len__(self):
        return 90

    def __getitem__(self, index):  # here
        x = self.x[index]
        y = self.y[index]


m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
found = plainloop.check(m, DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
