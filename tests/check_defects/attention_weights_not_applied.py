"""LayerUnused: attention weights are computed and not applied."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(8, 1)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        w = F.softmax(self.score(x), dim=1)  # here
        return self.out(x.mean(1))


found = plainloop.check(Net(), (torch.randn(100, 6, 8), torch.randint(0, 2, (100,))), loss=nn.CrossEntropyLoss())
