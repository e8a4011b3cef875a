"""PaddingCounts: mean over time with padding not masked."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import plainloop

seqs = [torch.randint(1, 30, (int(n),)) for n in torch.randint(2, 25, (80,))]
ids = pad_sequence(seqs, batch_first=True)
y = torch.randint(0, 2, (80,))


class Avg(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 12)
        self.f = nn.Linear(12, 2)

    def forward(self, t):
        return self.f(self.e(t).mean(dim=1))  # here


found = plainloop.check(Avg(), (ids, y), loss=nn.CrossEntropyLoss())
