"""WrongInputShape: pad_sequence without batch_first."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

import plainloop

rows = [(torch.randn(3 + i % 7, 4), i % 2) for i in range(80)]


def collate(batch):
    xs = pad_sequence([x for x, _ in batch])  # here
    return xs, torch.tensor([y for _, y in batch])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.GRU(4, 8, batch_first=True)
        self.f = nn.Linear(8, 2)

    def forward(self, x):
        _, h = self.r(x)
        return self.f(h[-1])


found = plainloop.check(Net(), DataLoader(rows, batch_size=16, collate_fn=collate), loss=nn.CrossEntropyLoss())
