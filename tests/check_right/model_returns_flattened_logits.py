"""Model returns flattened logits."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 16)
        self.r = nn.GRU(16, 16, batch_first=True)
        self.o = nn.Linear(16, 30)

    def forward(self, x):
        h, _ = self.r(self.e(x))
        return self.o(h).view(-1, 30)


t = torch.randint(0, 30, (50, 11))
found = plainloop.check(Net(), (t[:, :-1], t[:, 1:]), loss=lambda o, y: nn.functional.cross_entropy(o, y.reshape(-1)))
