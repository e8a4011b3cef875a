"""AxesRegrouped: view in place of permute for pictures with the channels last."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

    def forward(self, x):
        x = x.view(-1, 3, 32, 32)  # here
        return self.net(x)


X = torch.rand(64, 32, 32, 3)
y = torch.randint(0, 10, (64,))
found = plainloop.check(Net(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
