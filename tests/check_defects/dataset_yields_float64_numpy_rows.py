"""WrongInputType: dataset yields float64 numpy rows."""

import numpy as np
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.x = np.random.randn(50, 4)
        self.y = np.random.randint(0, 2, 50)

    def __len__(self):
        return 50

    def __getitem__(self, i):
        return self.x[i], self.y[i]  # here


found = plainloop.check(nn.Linear(4, 2), DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
