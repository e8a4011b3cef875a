"""Augmenting dataset with global rng."""

import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, i):
        x = np.random.rand(1, 8, 8).astype("float32")
        if random.random() < 0.5:
            x = x[:, :, ::-1].copy()
        return torch.from_numpy(x), torch.tensor(i % 4)


m = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
found = plainloop.check(m, DataLoader(D(), batch_size=16, shuffle=True, num_workers=2), loss=nn.CrossEntropyLoss())
