"""IndexOutOfRange: a word beyond the embedding."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(100, 8)  # here
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(self.words(x).mean(1))


x = torch.randint(1, 101, (64, 20))
x[0, 0] = 100
found = plainloop.check(Net(), (x, torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
