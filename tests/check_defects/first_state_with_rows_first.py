"""WrongInputShape: the first state has the rows where batch_first would have them."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class LSTM(nn.Module):
    def __init__(self, input_size=1, hidden=32):
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(input_size, hidden, 1)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        h0 = torch.zeros(1, x.size(0), self.hidden)
        c0 = torch.zeros(1, x.size(0), self.hidden)
        out, _ = self.lstm(x, (h0, c0))  # here
        return self.linear(out[:, -1, :])


X = torch.randn(80, 20, 1)
y = torch.randn(80, 1)
found = plainloop.check(LSTM(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.MSELoss())
