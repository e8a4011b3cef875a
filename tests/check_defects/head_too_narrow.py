"""WrongOutputWidth: ten classes, five outputs."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 16)
        self.head = nn.Linear(16, 5)  # here

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


found = plainloop.check(Net(), (torch.randn(200, 8), torch.randint(0, 10, (200,))), loss=nn.CrossEntropyLoss())
