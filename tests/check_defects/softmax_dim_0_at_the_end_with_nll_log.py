"""RowsMixed: softmax dim=0 at the end with NLL log."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(4, 3)

    def forward(self, x):
        return F.log_softmax(self.l(x), dim=0)  # here


found = plainloop.check(Net(), (torch.randn(90, 4), torch.randint(0, 3, (90,))), loss=nn.NLLLoss())
