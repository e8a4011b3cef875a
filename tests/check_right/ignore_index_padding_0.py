"""Padding that the loss ignores."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16, padding_idx=0)
        self.rnn = nn.LSTM(16, 16, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, 8)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0]).transpose(1, 2)


x = torch.randint(1, 50, (96, 12))
y = torch.randint(1, 8, (96, 12))
x[:, 8:] = 0
y[:, 8:] = 0
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss(ignore_index=0))
