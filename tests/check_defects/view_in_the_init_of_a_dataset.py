"""AxesRegrouped: reshape in __init__ of the dataset."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Rgb(Dataset):
    def __init__(self, pictures, labels):
        self.x = torch.tensor(pictures).float().div(255).view(-1, 3, 20, 20)  # here
        self.y = torch.tensor(labels)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


pictures = np.random.default_rng(0).integers(0, 256, (90, 20, 20, 3), dtype=np.uint8)
labels = np.arange(90) % 3
net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
found = plainloop.check(net, DataLoader(Rgb(pictures, labels), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
