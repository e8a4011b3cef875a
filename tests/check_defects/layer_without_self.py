"""ForwardFails: layer without self."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        fc = nn.Linear(4, 2)  # here
        self.h = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(self.h(x))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
