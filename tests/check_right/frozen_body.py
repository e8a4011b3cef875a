"""A frozen body, meant as such; the optimizer holds the head."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU())
        self.head = nn.Linear(32, 3)
        self.body.requires_grad_(False)
        self.body.eval()

    def forward(self, x):
        with torch.no_grad():
            h = self.body(x)
        return self.head(h)


model = Net()
optimizer = torch.optim.AdamW(model.head.parameters(), lr=1e-3)
data = (torch.randn(100, 8), torch.randint(0, 3, (100,)))
found = plainloop.check(model, data, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
