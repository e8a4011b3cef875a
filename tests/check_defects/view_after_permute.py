"""ForwardFails: view after permute."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(24, 3)

    def forward(self, x):
        x = x.permute(0, 2, 1)
        x = x.view(x.size(0), -1)  # here
        return self.f(x)


found = plainloop.check(Net(), (torch.randn(64, 4, 6), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
