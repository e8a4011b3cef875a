"""BytesWrapped: standardising uint8 wraps around."""

import torch
from torch import nn

import plainloop

raw = torch.randint(0, 256, (150, 1, 8, 8), dtype=torch.uint8)
X = (raw - 128).float() / 128  # here
y = torch.randint(0, 3, (150,))
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 3))
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
