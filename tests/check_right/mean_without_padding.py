"""Mean without padding."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import plainloop


class T(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(50, 16, padding_idx=0)
        self.o = nn.Linear(16, 2)

    def forward(self, ids):
        mask = (ids != 0).unsqueeze(-1).float()
        return self.o((self.e(ids) * mask).sum(1) / mask.sum(1).clamp_min(1))


ids = pad_sequence([torch.randint(1, 50, (4 + i % 9,)) for i in range(90)], batch_first=True)
found = plainloop.check(T(), (ids, torch.arange(90) % 2), loss=nn.CrossEntropyLoss())
