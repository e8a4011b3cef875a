"""AxesRegrouped: numpy reshape (N,H,W,C)->(N,C,H,W) with shape from a variable."""

import numpy as np
import torch
from torch import nn

import plainloop

n, size = 80, 24
photos = np.random.default_rng(0).integers(0, 256, (n, size, size, 3)).astype(np.float32) / 255
photos = photos.reshape(n, 3, size, size)  # here
X, y = torch.from_numpy(photos), torch.randint(0, 4, (n,))
net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
found = plainloop.check(net, (X, y), loss=nn.CrossEntropyLoss())
