"""Manual lstm cell loop with lists."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 8)
        self.o = nn.Linear(8, 1)

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), 8)
        outs = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            outs.append(self.o(h))
        return torch.cat(outs, dim=1)


found = plainloop.check(Net(), (torch.randn(64, 6, 3), torch.randn(64, 6)), loss=nn.MSELoss())
