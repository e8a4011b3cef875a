"""IndexOutOfRange: -1 codes into embedding."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(5, 3)
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(self.e(x))  # here


x = torch.randint(-1, 5, (64,))
x[3] = -1
found = plainloop.check(Net(), (x, torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
