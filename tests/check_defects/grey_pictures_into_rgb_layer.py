"""WrongInputShape: grey pictures without an axis of channels, for a layer of three."""

import torch
from torch import nn

import plainloop

net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 3))
found = plainloop.check(net, (torch.rand(64, 28, 28), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
assert ".unsqueeze(1).repeat(1, 3, 1, 1)" in str(found), found
