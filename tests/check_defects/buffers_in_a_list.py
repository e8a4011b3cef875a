"""StaysOnCpu: buffers in a list."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.consts = [torch.ones(8), torch.zeros(8)]  # here
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(x * self.consts[0] + self.consts[1])


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
