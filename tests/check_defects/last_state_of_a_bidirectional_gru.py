"""DirectionUnused: the last state of one direction alone."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 16, batch_first=True, bidirectional=True)  # here
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.gru(x)[1][-1])


loader = DataLoader(TensorDataset(torch.randn(80, 9, 4), torch.randint(0, 2, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
