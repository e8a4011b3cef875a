"""A network that torch.jit.script has made: its weights are not those that its operations get."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)
net = torch.jit.script(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)))
found = plainloop.check(net, (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
