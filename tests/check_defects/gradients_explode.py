"""GradientsExplode: a sum of squares over large targets."""

import torch
from torch import nn

import plainloop


def loss(scores, labels):
    return ((scores - labels) ** 2).sum()


X = torch.randn(64, 4)
y = 1000 * X[:, :1] + 5000
found = plainloop.check(nn.Linear(4, 1), (X, y), loss=loss)
