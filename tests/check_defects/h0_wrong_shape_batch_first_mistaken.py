"""WrongInputShape: h0 wrong shape (batch first mistaken)."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.zeros(x.size(0), 1, 6, device=x.device)
        out, _ = self.rnn(x, (h, h))  # here
        return self.fc(out[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 5, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
