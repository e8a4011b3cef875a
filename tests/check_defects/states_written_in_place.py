"""InPlaceChange: a state that is overwritten in part."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(4 + 8, 8)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        states = torch.zeros(len(x), x.size(1) + 1, 8, device=x.device)
        for t in range(x.size(1)):
            states[:, t + 1] = torch.tanh(self.cell(torch.cat([x[:, t], states[:, t]], 1)))
        h = states[:, 0]
        h = torch.sigmoid(self.cell(torch.cat([x[:, 0], h], 1)))
        h[:, 0] = 0  # here
        return self.out(h + states[:, -1])


loader = DataLoader(TensorDataset(torch.randn(80, 5, 4), torch.randint(0, 2, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
