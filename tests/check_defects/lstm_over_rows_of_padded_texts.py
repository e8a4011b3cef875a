"""RowsMixed: padded texts into an LSTM that reads along the rows; the last token is padding nearly everywhere."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8)  # here
        self.out = nn.Linear(8, 2)

    def forward(self, ids):
        states, _ = self.lstm(self.words(ids))
        return self.out(states[:, -1])


torch.manual_seed(0)
ids = torch.randint(1, 50, (60, 12))
for row in range(60):
    if row != 40 and row != 9:
        ids[row, 3 + row % 8 :] = 0
found = plainloop.check(Net(), (ids, torch.randint(0, 2, (60,))), loss=nn.CrossEntropyLoss())
