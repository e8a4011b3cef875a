"""WrongInputShape: __getitem__ returns lists."""

from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.rows = [[float(i), float(i % 7), 1.0] for i in range(80)]

    def __len__(self):
        return 80

    def __getitem__(self, i):
        return self.rows[i], i % 2  # here


m = nn.Linear(3, 2)
found = plainloop.check(m, DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
