"""StaysOnCpu: a first state without a device."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        h = torch.zeros(1, len(x), 16)  # here
        c = torch.zeros(1, len(x), 16)
        out, _ = self.lstm(x, (h, c))
        return self.fc(out[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 12, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
