"""PaddingCounts: out[:, -1] of padded rows."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import plainloop

seqs = [torch.randint(1, 30, (int(n),)) for n in torch.randint(2, 25, (80,))]
ids = pad_sequence(seqs, batch_first=True)
y = torch.randint(0, 2, (80,))


class R(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 12, padding_idx=0)
        self.r = nn.LSTM(12, 20, batch_first=True)
        self.f = nn.Linear(20, 2)

    def forward(self, t):
        out, _ = self.r(self.e(t))
        return self.f(out[:, -1])  # here


found = plainloop.check(R(), (ids, y), loss=nn.CrossEntropyLoss())
