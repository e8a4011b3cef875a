"""WrongInputType: float64 tensor made in forward of numpy."""

import numpy as np
import torch
from torch import nn

import plainloop


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = np.array([0.1, 0.2, 0.3, 0.4])
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        x = x - torch.from_numpy(self.mean)  # here
        return self.fc(x)


X = torch.randn(64, 4)
y = torch.randint(0, 2, (64,))
found = plainloop.check(Scaled(), (X, y), loss=nn.CrossEntropyLoss())
