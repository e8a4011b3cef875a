"""WrongInputShape: a residual block that widens has no shortcut."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.c = nn.Conv2d(cin, cout, 3, padding=1)
        self.b = nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.b(self.c(x)) + x)  # here


model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), Block(16, 32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
found = plainloop.check(model, (torch.rand(40, 3, 16, 16), torch.randint(0, 10, (40,))), loss=nn.CrossEntropyLoss())
