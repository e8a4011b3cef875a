"""AxesRegrouped: reshape of HWC pictures to CHW in script."""

import numpy as np
import torch
from torch import nn

import plainloop

pictures = np.random.default_rng(0).random((90, 32, 32, 3)).astype("float32")
X = torch.from_numpy(pictures).view(-1, 3, 32, 32)  # here
y = torch.randint(0, 3, (90,))
net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
found = plainloop.check(net, (X, y), loss=nn.CrossEntropyLoss())
