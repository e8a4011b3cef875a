"""StaysOnCpu: a mean kept as a plain attribute."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.tensor([0.1, 0.2, 0.3, 0.4])  # here
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x - self.mean)


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
