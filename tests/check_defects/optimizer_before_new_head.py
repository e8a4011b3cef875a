"""NotInOptimizer: the head was replaced after the optimizer was made."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 16)
        self.fc = nn.Linear(16, 1000)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # here
model.fc = nn.Linear(16, 3)
found = plainloop.check(model, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss(), optimizer=optimizer)
