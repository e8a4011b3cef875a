"""RowsMixed: MultiheadAttention without batch_first."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(8, 2)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        a, _ = self.attn(x, x, x)  # here
        return self.fc(a[:, 0])


found = plainloop.check(Net(), (torch.randn(64, 6, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
