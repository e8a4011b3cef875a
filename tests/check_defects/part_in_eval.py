"""LeftInEval: part in eval."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5))
        self.o = nn.Linear(8, 2)
        self.body.eval()

    def forward(self, x):
        return self.o(self.body(x))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
