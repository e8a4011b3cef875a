"""Two heads, a loss for both."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.kind, self.size = nn.Linear(6, 16), nn.Linear(16, 3), nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return {"kind": self.kind(h), "size": self.size(h)}


def loss(out, labels):
    kind, size = labels
    return F.cross_entropy(out["kind"], kind) + 0.5 * F.mse_loss(out["size"].squeeze(1), size)


rows = [(torch.randn(6), (i % 3, torch.randn(()))) for i in range(60)]
found = plainloop.check(Net(), rows, loss=loss)
