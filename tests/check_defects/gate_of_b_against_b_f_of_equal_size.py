"""FixedBatchSize: one number per row times as many columns as rows."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 32)
        self.gate = nn.Linear(5, 1)
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x)).squeeze(1)
        return self.out(torch.relu(self.body(x)) * gate)  # here


loader = DataLoader(TensorDataset(torch.randn(96, 5), torch.randint(0, 3, (96,))), batch_size=32)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
