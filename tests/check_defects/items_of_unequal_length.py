"""DataUnusable: texts of different lengths do not stack."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Texts(Dataset):
    def __len__(self):
        return 50

    def __getitem__(self, i):
        return torch.ones(3 + i % 4, dtype=torch.long), i % 2  # here


model = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(12, 2))
found = plainloop.check(model, DataLoader(Texts(), batch_size=8), loss=nn.CrossEntropyLoss())
