"""WrongInputShape: pictures as NumPy and Pillow hold them, channels last."""

import torch
from torch import nn

import plainloop

images = torch.rand(64, 32, 32, 3)  # here
labels = torch.randint(0, 10, (64,))
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
found = plainloop.check(model, (images, labels), loss=nn.CrossEntropyLoss())
