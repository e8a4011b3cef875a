"""Numbers and categories as two inputs."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.place = nn.Embedding(12, 4)
        self.fc = nn.Sequential(nn.Linear(9, 16), nn.GELU(), nn.Linear(16, 2))

    def forward(self, numbers, codes):
        return self.fc(torch.cat([numbers, self.place(codes)], 1))


data = TensorDataset(torch.randn(90, 5), torch.randint(0, 12, (90,)), torch.randint(0, 2, (90,)))
found = plainloop.check(Net(), DataLoader(data, batch_size=30), loss=nn.CrossEntropyLoss())
