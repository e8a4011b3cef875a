"""InputUnused: the first step of an LSTM taken for the last."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 16, batch_first=True)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.out(out[:, 0])


loader = DataLoader(TensorDataset(torch.randn(80, 10, 4), torch.randn(80, 1)), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.MSELoss())
