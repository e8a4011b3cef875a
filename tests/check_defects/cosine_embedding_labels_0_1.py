"""LabelsOutOfRange: labels of 0 and 1 where 1 and -1 are meant."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 16)

    def forward(self, a, b):
        return self.body(a), self.body(b)


crit = nn.CosineEmbeddingLoss()
loader = DataLoader(TensorDataset(torch.randn(80, 6), torch.randn(80, 6), torch.randint(0, 2, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=lambda s, y: crit(s[0], s[1], y))
