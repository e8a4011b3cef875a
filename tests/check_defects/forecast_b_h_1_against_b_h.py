"""SilentBroadcast: forecasts with an axis of size 1 at the end."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 16, batch_first=True)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


loader = DataLoader(TensorDataset(torch.randn(96, 16, 1), torch.randn(96, 16)), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.MSELoss())
