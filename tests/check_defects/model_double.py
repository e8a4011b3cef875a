"""WrongInputType: the model is in float64, the inputs are not."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 1)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))  # here


model = Net().double()
found = plainloop.check(model, (torch.randn(50, 4), torch.randn(50, 1)), loss=nn.MSELoss())
