"""Positions along the first axis, which is that of the steps."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.into = nn.Linear(3, 16)
        self.pe = nn.Parameter(torch.randn(20, 1, 16) * 0.02)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 1)
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        x = self.into(x).transpose(0, 1)
        x = x + self.pe[: x.size(0)]
        return self.out(self.enc(x).mean(0))


loader = DataLoader(TensorDataset(torch.randn(80, 12, 3), torch.randint(0, 3, (80,))), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
