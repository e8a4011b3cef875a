"""NotFinite: softmax on fully masked row."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(10, 8, padding_idx=0)
        self.s = nn.Linear(8, 1)
        self.o = nn.Linear(8, 2)

    def forward(self, x):
        h = self.e(x)
        w = self.s(h).squeeze(-1).masked_fill(x == 0, float("-inf")).softmax(1)  # here
        return self.o((w[..., None] * h).sum(1))


x = torch.randint(1, 10, (64, 6))
x[5] = 0
found = plainloop.check(Net(), (x, torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
