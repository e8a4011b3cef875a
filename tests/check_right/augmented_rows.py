"""Augmented rows."""

import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class A(Dataset):
    def __init__(self, images, labels):
        self.images = torch.tensor(images).permute(0, 3, 1, 2).float().div(255)
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        x = self.images[i]
        if random.random() < 0.5:
            x = x.flip(-1)
        return x, self.labels[i]


images = np.random.default_rng(0).integers(0, 256, (60, 12, 12, 3), dtype=np.uint8)
m = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 3))
found = plainloop.check(
    m, DataLoader(A(images, [i % 3 for i in range(60)]), batch_size=10, shuffle=True), loss=nn.CrossEntropyLoss()
)
