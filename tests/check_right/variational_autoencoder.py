"""A variational autoencoder: forward gives a tuple, its loss takes it."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(20, 8)
        self.mean, self.spread, self.decode = nn.Linear(8, 2), nn.Linear(8, 2), nn.Linear(2, 20)

    def forward(self, x):
        h = torch.relu(self.encode(x))
        mean, spread = self.mean(h), self.spread(h)
        z = mean + torch.randn_like(mean) * torch.exp(spread / 2)
        return self.decode(z), mean, spread


def loss(out, x):
    back, mean, spread = out
    return F.mse_loss(back, x) - 0.5 * torch.mean(1 + spread - mean.pow(2) - spread.exp())


X = torch.randn(100, 20)
found = plainloop.check(Net(), (X, X), loss=loss)
