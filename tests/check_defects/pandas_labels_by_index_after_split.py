"""DataUnusable: y[i] of a Series whose index has gaps."""

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop

torch.manual_seed(0)

df = pd.DataFrame({"a": np.random.randn(100), "b": np.random.randn(100), "y": np.random.randint(0, 2, 100)})
train = df.sample(frac=0.7, random_state=1)


class Rows(Dataset):
    def __init__(self, df):
        self.X = df[["a", "b"]]
        self.y = df["y"]

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return torch.tensor(self.X.iloc[i].values, dtype=torch.float32), torch.tensor(self.y[i])  # here


found = plainloop.check(nn.Linear(2, 2), DataLoader(Rows(train), batch_size=8, shuffle=True), loss=nn.CrossEntropyLoss())
