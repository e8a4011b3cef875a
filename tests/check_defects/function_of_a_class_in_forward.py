"""ForwardFails: nn.ReLU(x) in place of nn.ReLU()(x)."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        x = nn.ReLU(self.fc1(x))  # here
        return self.fc2(x)


X = torch.randn(64, 4)
y = torch.randint(0, 3, (64,))
found = plainloop.check(Net(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
