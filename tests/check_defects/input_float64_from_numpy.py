"""WrongInputType: NumPy makes float64, the layers have float32."""

import numpy as np
import torch
from torch import nn

import plainloop

draw = np.random.default_rng(0)
X = torch.from_numpy(draw.normal(size=(120, 6)))  # here
y = torch.from_numpy(draw.integers(0, 3, 120))
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
