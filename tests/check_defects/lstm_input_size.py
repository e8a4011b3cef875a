"""WrongInputShape: LSTM input size."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(20, 12)
        self.r = nn.LSTM(10, 16, batch_first=True)  # here
        self.o = nn.Linear(16, 2)

    def forward(self, x):
        out, _ = self.r(self.e(x))
        return self.o(out[:, -1])


found = plainloop.check(Net(), (torch.randint(0, 20, (64, 7)), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
