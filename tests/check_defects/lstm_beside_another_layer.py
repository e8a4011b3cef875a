"""RowsMixed: two layers made in one line, of which the LSTM reads along the rows."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(8, 16), nn.Linear(16, 3)

    def forward(self, x):
        out, _ = self.lstm(x)  # here
        return self.fc(out[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 12, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
assert "nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 3)" in str(found), found
