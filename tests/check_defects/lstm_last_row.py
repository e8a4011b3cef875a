"""WrongScores: out[-1] of an LSTM with batch_first is the last row, not the last step."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        out, _ = self.lstm(x)
        last = out[-1]  # here
        return self.fc(last)


found = plainloop.check(Net(), (torch.randn(64, 12, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
