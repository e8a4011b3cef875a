"""DataUnusable: string labels."""

import numpy as np
from torch import nn

import plainloop

X = np.random.randn(60, 4).astype("float32")
y = np.array(["cat", "dog", "bird"] * 20)  # here
found = plainloop.check(nn.Linear(4, 3), (X, y), task="multiclass")
