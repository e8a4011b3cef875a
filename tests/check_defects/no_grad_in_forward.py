"""GraphCut: forward runs under no_grad."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    @torch.no_grad()
    def forward(self, x):
        return self.fc(x)  # here


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
