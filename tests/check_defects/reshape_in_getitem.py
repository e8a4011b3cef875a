"""AxesRegrouped: reshape of HWC to CHW in __getitem__."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Cifar(Dataset):
    def __init__(self):
        self.data = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
        self.targets = [i % 10 for i in range(60)]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        image = torch.tensor(self.data[i]).float() / 255
        image = image.reshape(3, 32, 32)  # here
        return image, self.targets[i]


net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
found = plainloop.check(net, DataLoader(Cifar(), batch_size=10), loss=nn.CrossEntropyLoss())
