"""InputUnused: the second input is forgotten."""

import torch
from torch import nn
from torch.utils.data import TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.words = nn.Embedding(10, 4)

    def forward(self, numbers, words):  # here
        return self.fc(numbers) + 0 * self.words(words).mean()


data = TensorDataset(torch.randn(64, 4), torch.randint(0, 10, (64, 3)), torch.randint(0, 2, (64,)))
found = plainloop.check(Net(), data, loss=nn.CrossEntropyLoss())
