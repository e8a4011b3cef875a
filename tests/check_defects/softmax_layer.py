"""LossAgainstActivation: nn.Softmax as the last layer."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(
    nn.Linear(4, 16),
    nn.ReLU(),
    nn.Linear(16, 3),
    nn.Softmax(dim=1),  # here
)
found = plainloop.check(model, (torch.randn(64, 4), torch.randint(0, 3, (64,))), task="multiclass")
