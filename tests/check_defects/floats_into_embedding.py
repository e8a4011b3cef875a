"""WrongInputType: an embedding gets floats."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(100, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        x = self.words(x)  # here
        return self.fc(x.mean(1))


x = torch.randint(0, 100, (32, 7)).float()
found = plainloop.check(Net(), (x, torch.randint(0, 2, (32,))), loss=nn.CrossEntropyLoss())
