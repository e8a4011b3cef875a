"""AxesRegrouped: (T, B, F) reshaped to (B, T, F) in script."""

import torch
from torch import nn

import plainloop

recording = torch.randn(25, 100, 4)  # time, person, sensor
y = torch.randint(0, 2, (100,))
X = recording.reshape(100, 25, 4)  # here


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        _out, (h, _c) = self.rnn(x)
        return self.fc(h[-1])


found = plainloop.check(Net(), (X, y), loss=nn.CrossEntropyLoss())
