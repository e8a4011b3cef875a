"""Windows of a series."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Windows(Dataset):
    def __init__(self):
        self.x = torch.randn(200, 3)
        self.lookback = 10

    def __len__(self):
        return len(self.x) - self.lookback

    def __getitem__(self, i):
        return self.x[i : i + self.lookback], self.x[i + self.lookback, :1]


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.GRU(3, 12, batch_first=True)
        self.o = nn.Linear(12, 1)

    def forward(self, x):
        return self.o(self.r(x)[1][-1])


found = plainloop.check(N(), DataLoader(Windows(), batch_size=20, shuffle=True), loss=nn.MSELoss())
