"""UnregisteredLayers: a plain list holds all there is."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)]  # here

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
