"""LabelsOutOfRange: segmentation mask with 255 without ignore_index."""

import torch
from torch import nn

import plainloop

m = nn.Conv2d(3, 4, 1)
y = torch.randint(0, 4, (40, 8, 8))
y[:, 0] = 255  # here
found = plainloop.check(m, (torch.rand(40, 3, 8, 8), y), loss=nn.CrossEntropyLoss())
