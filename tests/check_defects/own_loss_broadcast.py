"""SilentBroadcast: a loss of one's own that compares every row with every other."""

import torch
from torch import nn

import plainloop


def squared_error(scores, labels):
    return ((scores - labels) ** 2).mean()  # here


X = torch.randn(100, 4)
found = plainloop.check(nn.Linear(4, 1), (X, X.sum(1)), loss=squared_error)
