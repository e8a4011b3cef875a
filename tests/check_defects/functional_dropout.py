"""DropoutAlwaysOn: F.dropout does not know the mode of the model."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 32)
        self.b = nn.Linear(32, 2)

    def forward(self, x):
        x = F.dropout(torch.relu(self.a(x)), 0.5)  # here
        return self.b(x)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
