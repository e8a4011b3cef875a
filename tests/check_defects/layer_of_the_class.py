"""UnregisteredLayers: layer at class level."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    fc = nn.Linear(12, 3)  # here

    def __init__(self):
        super().__init__()
        self.pre = nn.Linear(12, 12)

    def forward(self, x):
        return self.fc(torch.relu(self.pre(x)))


X = torch.randn(60, 12)
y = torch.randint(0, 3, (60,))
m = Net()
found = plainloop.check(m, (X, y), loss=nn.CrossEntropyLoss(), optimizer=torch.optim.Adam(m.parameters()))
