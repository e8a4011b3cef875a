"""LossAgainstActivation: kl with probabilities."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(x).softmax(dim=-1)  # here


found = plainloop.check(Net(), (torch.randn(64, 8), torch.rand(64, 3).softmax(1)), loss=nn.KLDivLoss(reduction="batchmean"))
