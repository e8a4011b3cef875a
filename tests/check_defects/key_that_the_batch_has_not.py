"""ForwardFails: dict batch without the key forward asks."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 50

    def __getitem__(self, i):
        return {"numbers": torch.randn(4), "label": i % 2}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(4, 2)

    def forward(self, batch):
        return self.f(batch["features"])  # here


def loss(scores, label):
    return nn.functional.cross_entropy(scores, label)


found = plainloop.check(Net(), DataLoader(D(), batch_size=10), loss=loss)
