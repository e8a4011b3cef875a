"""LossFails: a label in a list."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import plainloop


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 80

    def __getitem__(self, i):
        return torch.randn(5), [i % 3]  # here


model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3))
loader = DataLoader(Data(), batch_size=16)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss())
