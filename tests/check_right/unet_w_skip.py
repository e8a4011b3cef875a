"""Unet w skip."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.d = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.e = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU())
        self.u = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.o = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        a = self.d(x)
        b = self.u(self.e(a))
        return self.o(torch.cat([a, b], dim=1))


y = (torch.rand(40, 1, 16, 16) > 0.5).float()
found = plainloop.check(Net(), (torch.rand(40, 1, 16, 16), y), loss=nn.BCEWithLogitsLoss())
