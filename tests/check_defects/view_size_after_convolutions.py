"""WrongInputShape: view(-1, n) with the size of other pictures."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 4 * 4)  # here
        x = F.relu(self.fc1(x))
        return self.fc2(x)


X = torch.rand(64, 3, 32, 32)
y = torch.randint(0, 10, (64,))
found = plainloop.check(Net(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
