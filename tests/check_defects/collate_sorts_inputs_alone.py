"""RowsTornApart: sorts sequences by length, not labels."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

import plainloop

rows = [(torch.randn(3 + (i * 5) % 7, 4), i % 3 % 2) for i in range(80)]


def collate(batch):
    xs = sorted([x for x, _ in batch], key=len, reverse=True)  # here
    return pad_sequence(xs, batch_first=True), torch.tensor([y for _, y in batch])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.GRU(4, 8, batch_first=True)
        self.f = nn.Linear(8, 2)

    def forward(self, x):
        return self.f(self.r(x)[1][-1])


found = plainloop.check(Net(), DataLoader(rows, batch_size=16, collate_fn=collate), loss=nn.CrossEntropyLoss())
