"""Critic of signs."""

import torch
from torch import nn

import plainloop


def wasserstein(scores, sign):
    return (scores * sign).mean()


X = torch.randn(80, 6)
y = torch.sign(torch.randn(80, 1))
m = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
found = plainloop.check(m, (X, y), loss=wasserstein)
