"""Sigmoid and softmax inside, as gates and attention."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.score, self.fc = nn.Linear(6, 16), nn.Linear(6, 16), nn.Linear(16, 1), nn.Linear(16, 3)

    def forward(self, x):
        h = self.a(x) * torch.sigmoid(self.b(x))
        weights = torch.softmax(self.score(h), dim=1)
        return self.fc((weights * h).sum(1))


found = plainloop.check(Net(), (torch.randn(80, 7, 6), torch.randint(0, 3, (80,))), loss=nn.CrossEntropyLoss())
