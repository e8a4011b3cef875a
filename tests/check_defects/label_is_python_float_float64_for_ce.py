"""WrongLabelType: label is python float -> float64 for CE."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 50

    def __getitem__(self, i):
        return torch.randn(4), float(i % 2)  # here


found = plainloop.check(nn.Linear(4, 2), DataLoader(D(), batch_size=10), loss=nn.CrossEntropyLoss())
