"""GraphCut: the body gets no gradient."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = torch.relu(self.body(x)).detach()  # here
        return self.head(x)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
