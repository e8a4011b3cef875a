"""Two inputs through one body."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 8))

    def forward(self, a, b):
        return F.pairwise_distance(self.body(a), self.body(b))


def contrastive(distance, same):
    return (same * distance**2 + (1 - same) * F.relu(1 - distance) ** 2).mean()


data = [((torch.randn(5), torch.randn(5)), float(i % 2)) for i in range(64)]
found = plainloop.check(Net(), data, loss=contrastive)
