"""RowsMixed: an LSTM without batch_first reads along the rows."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        out, _ = self.lstm(x)  # here
        return self.fc(out[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 12, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
