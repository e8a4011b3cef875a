"""FrozenByName: requires_grad set on a layer."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
        self.head = nn.Linear(32, 3)
        self.body.requires_grad = False  # here

    def forward(self, x):
        return self.head(self.body(x))


model = Net()
loader = DataLoader(TensorDataset(torch.randn(80, 6), torch.randint(0, 3, (80,))), batch_size=16)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss(), optimizer=torch.optim.Adam(model.parameters()))
