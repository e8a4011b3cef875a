"""GraphCut: decorator no_grad on forward."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(9, 4)

    @torch.no_grad()  # here
    def forward(self, x):
        return self.enc(x)


X = torch.randn(200, 9)
y = torch.randint(0, 4, (200,))
found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
