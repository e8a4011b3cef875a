"""LossAgainstActivation: NLLLoss on probabilities."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x).softmax(1)  # here


found = plainloop.check(Net(), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.NLLLoss())
