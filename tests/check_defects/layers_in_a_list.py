"""UnregisteredLayers: layers in a plain list."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [nn.Linear(8, 8), nn.Linear(8, 8)]  # here
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.head(x)


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
