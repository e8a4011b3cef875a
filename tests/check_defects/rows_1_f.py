"""WrongScores: rows (1, F)."""

import torch
from torch import nn
from torch.utils.data import Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 50

    def __getitem__(self, i):
        return torch.randn(1, 8), i % 2  # here


found = plainloop.check(nn.Linear(8, 2), D(), loss=nn.CrossEntropyLoss())
