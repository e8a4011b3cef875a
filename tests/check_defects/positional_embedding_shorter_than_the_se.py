"""IndexOutOfRange: positional embedding shorter than the sequence."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(50, 8)
        self.pos = nn.Embedding(10, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        p = torch.arange(x.shape[1], device=x.device)
        h = self.tok(x) + self.pos(p)  # here
        return self.fc(h.mean(1))


found = plainloop.check(Net(), (torch.randint(0, 50, (64, 16)), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
