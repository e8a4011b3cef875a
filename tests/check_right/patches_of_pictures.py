"""Patches of pictures."""

import torch
from torch import nn

import plainloop

images = torch.rand(80, 3, 16, 16)
patches = images.reshape(80, 3, 4, 4, 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(80, 16, 48)
y = torch.randint(0, 3, (80,))


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(48, 24)
        self.t = nn.TransformerEncoderLayer(24, 4, 48, batch_first=True)
        self.o = nn.Linear(24, 3)

    def forward(self, x):
        return self.o(self.t(self.e(x)).mean(1))


found = plainloop.check(M(), (patches, y), loss=nn.CrossEntropyLoss())
