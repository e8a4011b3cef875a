"""Pictures as bytes, cast and scaled by the model itself."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = x.float() / 255
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)))


images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8)
found = plainloop.check(Net(), (images, torch.randint(0, 10, (64,))), loss=nn.CrossEntropyLoss())
