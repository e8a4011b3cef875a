"""Focal loss by hand."""

import torch
from torch import nn

import plainloop


def focal(out, y):
    p = torch.sigmoid(out.squeeze(1))
    pt = torch.where(y == 1, p, 1 - p)
    return -((1 - pt) ** 2 * torch.log(pt.clamp_min(1e-7))).mean()


X = torch.randn(64, 5)
found = plainloop.check(nn.Linear(5, 1), (X, (X[:, 0] > 0).long()), loss=focal)
