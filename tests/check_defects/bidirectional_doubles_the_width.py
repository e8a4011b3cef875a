"""WrongInputShape: bidirectional doubles the width."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(10, 16, batch_first=True, bidirectional=True)
        self.o = nn.Linear(16, 2)  # here

    def forward(self, x):
        out, _ = self.r(x)
        return self.o(out[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 7, 10), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
