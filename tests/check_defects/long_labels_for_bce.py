"""WrongLabelType: whole numbers for binary cross-entropy."""

import torch
from torch import nn
from torch.utils.data import Dataset

import plainloop


class Rows(Dataset):
    def __init__(self):
        self.x = torch.randn(80, 4)
        self.y = torch.randint(0, 2, (80, 1))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]  # here


model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
found = plainloop.check(model, Rows(), loss=nn.BCEWithLogitsLoss())
