"""WrongInputType: pictures as bytes, neither cast nor scaled."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = torch.relu(self.conv(x))  # here
        return self.fc(x.mean((2, 3)))


images = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8)
labels = torch.randint(0, 10, (40,))
found = plainloop.check(Net(), (images, labels), loss=nn.CrossEntropyLoss())
