"""ForwardFails: the pair of an LSTM goes into a linear layer."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = self.lstm(x)
        return self.fc(x)  # here


found = plainloop.check(Net(), (torch.randn(64, 12, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
