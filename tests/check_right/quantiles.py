"""Three quantiles per row by the pinball loss."""

import torch
from torch import nn

import plainloop

LEVELS = [0.1, 0.5, 0.9]


def pinball(scores, y):
    error = y[:, None] - scores
    levels = torch.tensor(LEVELS, device=scores.device)
    return torch.maximum(levels * error, (levels - 1) * error).mean()


model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
found = plainloop.check(model, (torch.randn(80, 4), torch.randn(80)), loss=pinball)
