"""A second head in training mode."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

torch.manual_seed(0)


class Aux(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 16), nn.Linear(16, 16)
        self.aux, self.out = nn.Linear(16, 3), nn.Linear(16, 3)

    def forward(self, x):
        h = F.relu(self.a(x))
        main = self.out(F.relu(self.b(h)))
        return (main, self.aux(h)) if self.training else main


def loss(out, y):
    if isinstance(out, tuple):
        return F.cross_entropy(out[0], y) + 0.3 * F.cross_entropy(out[1], y)
    return F.cross_entropy(out, y)


found = plainloop.check(Aux(), (torch.randn(100, 8), torch.randint(0, 3, (100,))), loss=loss)
