"""WrongLabelType: int32, as C and pandas make them."""

import numpy as np
import torch
from torch import nn

import plainloop

X = torch.randn(60, 4)
y = torch.from_numpy(np.random.randint(0, 3, 60).astype("int32"))  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), loss=nn.CrossEntropyLoss())
