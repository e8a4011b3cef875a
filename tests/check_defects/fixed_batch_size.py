"""FixedBatchSize: the batch size is written into view."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 * 8 * 8, 5)

    def forward(self, x):
        x = x.view(32, -1)  # here
        return self.fc(x)


data = TensorDataset(torch.rand(100, 3, 8, 8), torch.randint(0, 5, (100,)))
found = plainloop.check(Net(), DataLoader(data, batch_size=32), loss=nn.CrossEntropyLoss())
