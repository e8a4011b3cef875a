"""FrozenByName: requires_grad typo has no effect."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(9, 16), nn.ReLU())
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        return self.fc(self.body(x))


X = torch.randn(200, 9)
y = torch.randint(0, 2, (200,))
model = Net()
for p in model.body.parameters():
    p.require_grad = False  # here
optimizer = torch.optim.Adam(model.fc.parameters())
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss(), optimizer=optimizer)
