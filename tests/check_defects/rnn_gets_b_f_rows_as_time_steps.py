"""RowsMixed: RNN gets (B, F): rows as time steps."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(4, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        out, _ = self.rnn(x)  # here
        return self.fc(out)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
