"""One layer four times in a loop."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.into = nn.Linear(5, 32)
        self.layer = nn.Linear(32, 32)
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        x = self.into(x)
        for _ in range(4):
            x = x + torch.relu(self.layer(x))
        return self.out(x)


loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.randint(0, 3, (80,))), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
