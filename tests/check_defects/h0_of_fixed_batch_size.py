"""FixedBatchSize: h0 of fixed batch size."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.GRU(3, 8, batch_first=True)
        self.o = nn.Linear(8, 2)

    def forward(self, x):
        h = torch.zeros(1, 16, 8, device=x.device)  # here
        out, _ = self.r(x, h)
        return self.o(out[:, -1])


loader = DataLoader(TensorDataset(torch.randn(64, 5, 3), torch.randint(0, 2, (64,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
