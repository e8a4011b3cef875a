"""LossAgainstActivation: BCEWithLogits with softmax over two one-hot."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return F.softmax(self.fc(x), dim=1)  # here


y = F.one_hot(torch.randint(0, 2, (64,)), 2).float()
found = plainloop.check(Net(), (torch.randn(64, 8), y), loss=nn.BCEWithLogitsLoss())
