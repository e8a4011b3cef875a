"""RowsTornApart: np.random.shuffle of each."""

import numpy as np
import torch
from torch import nn

import plainloop

features = np.random.randn(100, 4).astype(np.float32)
labels = (features[:, 0] > 0).astype(np.int64)
np.random.shuffle(features)
np.random.shuffle(labels)  # here
m = nn.Linear(4, 2)
found = plainloop.check(m, (torch.from_numpy(features), torch.from_numpy(labels)), loss=nn.CrossEntropyLoss())
