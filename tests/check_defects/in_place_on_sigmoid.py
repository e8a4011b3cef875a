"""InPlaceChange: a value that the sigmoid needs is overwritten."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 16)
        self.b = nn.Linear(16, 3)

    def forward(self, x):
        x = torch.sigmoid(self.a(x))
        x += 1  # here
        return self.b(x)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
