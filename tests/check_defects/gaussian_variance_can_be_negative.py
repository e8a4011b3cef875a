"""LossAgainstActivation: a variance out of a linear layer."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 2)

    def forward(self, x):
        out = self.body(x)
        return out[:, :1], out[:, 1:]


crit = nn.GaussianNLLLoss()
loader = DataLoader(TensorDataset(torch.randn(80, 6), torch.randn(80, 1)), batch_size=16)
found = plainloop.check(Net(), loader, loss=lambda s, y: crit(s[0], y, s[1]))
