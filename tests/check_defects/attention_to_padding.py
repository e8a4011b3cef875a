"""PaddingCounts: encoder without padding mask."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import plainloop


class T(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 8, padding_idx=0)
        self.t = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
        self.f = nn.Linear(8, 2)

    def forward(self, ids):
        return self.f(self.t(self.e(ids))[:, 0])  # here


ids = pad_sequence([torch.randint(1, 30, (2 + i % 9,)) for i in range(80)], batch_first=True)
found = plainloop.check(T(), (ids, torch.arange(80) % 2), loss=nn.CrossEntropyLoss())
