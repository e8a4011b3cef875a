"""NotFinite: a recurrence whose weights are drawn too large."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(64, 64))
        self.into = nn.Linear(3, 64)
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        h = torch.zeros(len(x), 64, device=x.device)
        for t in range(x.size(1)):
            h = h @ self.w + self.into(x[:, t])  # here
        return self.out(h)


loader = DataLoader(TensorDataset(torch.randn(80, 30, 3), torch.randn(80, 1)), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.MSELoss())
