"""RowsMixed: view where permute was meant."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        x = x.view(10, -1, 4)  # here
        out, _ = self.rnn(x)
        return self.fc(out[-1])


found = plainloop.check(Net(), (torch.randn(64, 10, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
