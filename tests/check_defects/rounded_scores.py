"""GraphCut: scores that are rounded."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.body(x).round()  # here


loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.randint(0, 5, (80, 1)).float()), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.MSELoss())
