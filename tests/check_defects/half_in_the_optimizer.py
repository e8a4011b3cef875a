"""PartOutsideOptimizer: one of two parts was forgotten."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(torch.relu(self.encoder(x)))


model = Net()
optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)  # here
data = (torch.randn(64, 8), torch.randint(0, 3, (64,)))
found = plainloop.check(model, data, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
