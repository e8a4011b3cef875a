"""LossTurnedRound: own loss is maximised."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


def objective(scores, y):
    logp = F.log_softmax(scores, dim=1)
    return logp.gather(1, y.unsqueeze(1)).mean()  # here


X = torch.randn(200, 9)
y = torch.randint(0, 3, (200,))
m = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 3))
found = plainloop.check(m, (X, y), loss=objective)
