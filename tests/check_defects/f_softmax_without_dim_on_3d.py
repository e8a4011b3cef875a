"""RowsMixed: F.softmax without dim on 3D."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        w = F.softmax(self.q(x) @ x.transpose(1, 2))  # here
        return self.fc((w @ x).mean(1))


found = plainloop.check(Net(), (torch.randn(64, 5, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
