"""Packed rows of a GRU that reads both ways."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 16, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, 2)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        h = self.gru(packed)[1]
        return self.out(torch.cat([h[0], h[1]], 1))


loader = DataLoader(
    TensorDataset(torch.randn(80, 9, 4), torch.randint(2, 10, (80,)).clamp(max=9), torch.randint(0, 2, (80,))),
    batch_size=16,
    shuffle=True,
)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
