"""LossAgainstActivation: exp before a loss that has its own."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return torch.exp(self.body(x))  # here


loader = DataLoader(TensorDataset(torch.randn(80, 6), torch.poisson(torch.full((80, 1), 3.0))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.PoissonNLLLoss())
