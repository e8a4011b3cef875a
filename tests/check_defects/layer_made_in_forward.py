"""UnregisteredLayers: a layer that is made anew in every forward."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 16)

    def forward(self, x):
        x = torch.relu(self.body(x))
        return nn.Linear(16, 3)(x)  # here


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
