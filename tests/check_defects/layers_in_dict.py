"""UnregisteredLayers: layers in dict."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = {"a": nn.Linear(8, 2)}  # here
        self.body = nn.Linear(4, 8)

    def forward(self, x):
        return self.heads["a"](torch.relu(self.body(x)))


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
