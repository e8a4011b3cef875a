"""A loss that learns how to weigh its parts; its weights are in the optimizer."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class Weighed(nn.Module):
    def __init__(self):
        super().__init__()
        self.logs = nn.Parameter(torch.zeros(2))

    def forward(self, scores, y):
        parts = torch.stack([F.mse_loss(scores, y), F.l1_loss(scores, y)])
        return (parts * torch.exp(-self.logs) + self.logs).sum()


model, loss = nn.Linear(4, 1), Weighed()
optimizer = torch.optim.Adam([*model.parameters(), *loss.parameters()], lr=1e-3)
found = plainloop.check(model, (torch.randn(60, 4), torch.randn(60, 1)), loss=loss, optimizer=optimizer)
