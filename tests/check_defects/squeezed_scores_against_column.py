"""SilentBroadcast: scores squeezed to (rows,), labels a column."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return self.fc(x).squeeze(1)


X = torch.randn(100, 4)
y = X.sum(1, keepdim=True)  # here
found = plainloop.check(Net(), (X, y), loss=F.l1_loss)
