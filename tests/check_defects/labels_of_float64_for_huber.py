"""WrongLabelType: huber_loss refuses labels of float64."""

import numpy as np
import torch
from torch import nn

import plainloop

torch.manual_seed(0)
X = torch.randn(300, 5)
y = torch.from_numpy(np.random.default_rng(0).normal(size=(300, 1)))  # here
found = plainloop.check(nn.Linear(5, 1), (X, y), loss=nn.HuberLoss())
