"""Triplet."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 8))

    def forward(self, x):
        return tuple(self.f(x[:, i]) for i in range(3))


tl = nn.TripletMarginLoss()
found = plainloop.check(Net(), (torch.randn(64, 3, 4), torch.zeros(64)), loss=lambda o, _: tl(*o))
