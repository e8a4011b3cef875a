"""StaysOnCpu: mask made by torch.tril without device."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        s = self.q(x) @ x.transpose(1, 2)
        mask = torch.tril(torch.ones(x.size(1), x.size(1)))  # here
        s = s.masked_fill(mask == 0, float("-inf"))
        return self.fc((s.softmax(-1) @ x)[:, -1])


found = plainloop.check(Net(), (torch.randn(64, 6, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
