"""BatchOfOne: BN1d after pooling with batch size 1."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3)
        self.b = nn.BatchNorm1d(4)
        self.o = nn.Linear(4, 2)

    def forward(self, x):
        return self.o(self.b(self.c(x).mean((2, 3))))


loader = DataLoader(TensorDataset(torch.rand(33, 1, 8, 8), torch.randint(0, 2, (33,))), batch_size=8)  # here
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
