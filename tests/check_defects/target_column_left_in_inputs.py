"""LabelAmongInputs: the target is still in the frame."""

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)

df = pd.DataFrame(np.random.randn(100, 3).astype(np.float32), columns=list("abc"))
df["y"] = np.random.randint(0, 2, 100)
X = torch.tensor(df.values, dtype=torch.float32)  # here
y = torch.tensor(df["y"].values)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
found = plainloop.check(model, DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
