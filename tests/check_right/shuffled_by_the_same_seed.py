"""Shuffled by the same seed."""

import numpy as np
import torch
from torch import nn

import plainloop

X = np.random.randn(200, 4).astype("float32")
y = (X[:, 0] > 0).astype("int64")
np.random.seed(1)
np.random.shuffle(X)
np.random.seed(1)
np.random.shuffle(y)
X, y = torch.from_numpy(X), torch.from_numpy(y)
m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
found = plainloop.check(m, (X, y), loss=nn.CrossEntropyLoss())
