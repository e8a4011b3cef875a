"""WrongScores: gru h_n used as (layers, B, H) w/o picking."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 10, batch_first=True)
        self.out = nn.Linear(10, 2)

    def forward(self, x):
        _, h = self.gru(x)
        return self.out(h)  # here


found = plainloop.check(Net(), (torch.randn(40, 6, 5), torch.randint(0, 2, (40,))), loss=nn.CrossEntropyLoss())
