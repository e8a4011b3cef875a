"""RowsMixed: reshape where axes should be swapped."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        B, T, F = x.shape
        out, _ = self.lstm(x.reshape(T, B, F))  # here
        return self.out(out[-1])


loader = DataLoader(TensorDataset(torch.randn(80, 9, 4), torch.randint(0, 2, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
