"""InputsNotScaled: pictures of 0 to 255 as floats."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 26 * 26, 10))
images = torch.randint(0, 256, (64, 1, 28, 28)).float()  # here
labels = torch.randint(0, 10, (64,))
found = plainloop.check(model, (images, labels), loss=nn.CrossEntropyLoss())
