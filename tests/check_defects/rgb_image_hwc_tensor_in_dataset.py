"""WrongInputShape: rgb image HWC tensor in dataset."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Pics(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        return torch.from_numpy(np.random.rand(24, 24, 3).astype("float32")), i % 3  # here


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
        self.f = nn.Linear(4, 3)

    def forward(self, x):
        return self.f(self.c(x).mean((2, 3)))


found = plainloop.check(Net(), DataLoader(Pics(), batch_size=8), loss=nn.CrossEntropyLoss())
