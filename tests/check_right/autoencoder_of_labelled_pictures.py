"""An autoencoder on data that happens to have labels, with a loss that leaves them out."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8)))
images, labels = torch.rand(100, 1, 8, 8), torch.randint(0, 10, (100,))
found = plainloop.check(model, (images, labels), loss=nn.MSELoss())
assert found.ok
found = plainloop.check(model, (images, images), loss=lambda a, b: F.binary_cross_entropy(a, b))
