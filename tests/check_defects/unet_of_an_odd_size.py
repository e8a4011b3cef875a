"""WrongInputShape: pictures of an odd side, halved and doubled."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, padding=1)
        self.low = nn.Conv2d(8, 8, 3, padding=1)
        self.up = nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x):
        a = torch.relu(self.down(x))
        b = torch.relu(self.low(F.max_pool2d(a, 2)))
        b = F.interpolate(b, scale_factor=2)
        return self.up(torch.cat([a, b], 1))  # here


loader = DataLoader(TensorDataset(torch.rand(64, 3, 15, 15), torch.randint(0, 2, (64, 15, 15))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
