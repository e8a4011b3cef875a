"""Model normalises raw inputs by buffers."""

import torch
from torch import nn

import plainloop

X = torch.rand(200, 3) * torch.tensor([100.0, 5000.0, 1.0])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("m", X.mean(0))
        self.register_buffer("s", X.std(0))
        self.f = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x):
        return self.f((x - self.m) / self.s)


found = plainloop.check(Net(), (X, torch.randint(0, 2, (200,))), loss=nn.CrossEntropyLoss())
