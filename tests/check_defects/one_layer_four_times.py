"""LayerRepeated: one layer four times in a list."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.into = nn.Linear(5, 32)
        self.layers = nn.ModuleList([nn.Linear(32, 32)] * 4)  # here
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        x = self.into(x)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(x)


loader = DataLoader(TensorDataset(torch.randn(80, 5), torch.randint(0, 3, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
