"""One score per row, squeezed on purpose, BCE with logits."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.fc(x).squeeze(-1)


X = torch.randn(100, 8)
found = plainloop.check(Net(), (X, (X[:, 0] > 0).float()), loss=nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.0)))
