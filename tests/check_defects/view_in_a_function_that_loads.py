"""AxesRegrouped: view in a helper function."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


def load():
    images = np.random.default_rng(0).random((90, 28, 28, 3)).astype("float32")
    labels = np.arange(90) % 3
    x = torch.from_numpy(images).view(90, 3, 28, 28)  # here
    return TensorDataset(x, torch.from_numpy(labels))


net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
found = plainloop.check(net, DataLoader(load(), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
