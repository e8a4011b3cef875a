"""StaysOnCpu: weight as torch.randn."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.randn(4, 8)  # here
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(torch.relu(x @ self.w))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
