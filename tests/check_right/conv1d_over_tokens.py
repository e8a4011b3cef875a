"""Conv1d over tokens."""

import torch
from torch import nn

import plainloop


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(40, 16)
        self.tokens = nn.Conv1d(12, 12, 1)
        self.o = nn.Linear(16, 2)

    def forward(self, ids):
        x = self.e(ids)
        return self.o(torch.relu(self.tokens(x)).mean(1))


found = plainloop.check(Mixer(), (torch.randint(0, 40, (90, 12)), torch.randint(0, 2, (90,))), loss=nn.CrossEntropyLoss())
