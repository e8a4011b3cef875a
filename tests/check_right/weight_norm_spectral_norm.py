"""Weight norm, spectral norm."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import plainloop

m = nn.Sequential(weight_norm(nn.Linear(4, 16)), nn.ReLU(), spectral_norm(nn.Linear(16, 3)))
found = plainloop.check(m, (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
