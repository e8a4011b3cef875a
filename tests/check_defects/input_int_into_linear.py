"""WrongInputType: whole numbers into a linear layer."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(x)  # here


ages = torch.randint(0, 80, (64, 5))
loader = DataLoader(TensorDataset(ages, torch.randint(0, 2, (64,))), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
