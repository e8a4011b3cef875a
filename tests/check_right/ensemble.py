"""Members in an axis of their own: scores (rows, members, outputs), the mean of their losses."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 5, 16) * 0.3)
        self.out = nn.Parameter(torch.randn(8, 16, 1) * 0.3)

    def forward(self, x):
        h = torch.relu(torch.einsum("bi,kio->bko", x, self.weight))
        return torch.einsum("bki,kio->bko", h, self.out)


def loss(scores, y):
    return ((scores - y[:, None]) ** 2).mean()


found = plainloop.check(Net(), (torch.randn(100, 5), torch.randn(100, 1)), loss=loss)
