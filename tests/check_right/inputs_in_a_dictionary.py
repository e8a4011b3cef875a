"""A Dataset of dictionaries."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Rows(Dataset):
    def __init__(self):
        self.draw = torch.Generator().manual_seed(0)
        self.a = torch.randn(70, 4, generator=self.draw)
        self.b = torch.randn(70, 3, generator=self.draw)

    def __len__(self):
        return 70

    def __getitem__(self, i):
        return {"a": self.a[i], "b": self.b[i], "label": i % 2}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(7, 2)

    def forward(self, a, b):
        return self.fc(torch.cat([a, b], dim=-1))


found = plainloop.check(Net(), DataLoader(Rows(), batch_size=8, shuffle=True), loss=nn.CrossEntropyLoss())
