"""LossTurnedRound: dice as a score, not 1 - dice."""

import torch
from torch import nn

import plainloop


def dice(scores, mask):
    p = torch.sigmoid(scores)
    return (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)  # here


m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
X = torch.randn(40, 3, 16, 16)
y = (X.mean(1, keepdim=True) > 0).float()
found = plainloop.check(m, (X, y), loss=dice)
