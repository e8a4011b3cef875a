"""WrongInputShape: collate_fn forgets to stack."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


def collate(batch):
    xs = [b[0] for b in batch]
    ys = [b[1] for b in batch]
    return xs, torch.tensor(ys)  # here


X = torch.randn(64, 4)
y = torch.randint(0, 2, (64,))
found = plainloop.check(
    nn.Linear(4, 2), DataLoader(TensorDataset(X, y), batch_size=16, collate_fn=collate), loss=nn.CrossEntropyLoss()
)
