"""LossTurnedRound: KL term with wrong sign."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(20, 16)
        self.mu = nn.Linear(16, 3)
        self.lv = nn.Linear(16, 3)
        self.dec = nn.Linear(3, 20)

    def forward(self, x):
        h = torch.relu(self.enc(x))
        mu, lv = self.mu(h), self.lv(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * lv)
        return self.dec(z), mu, lv


def loss(out, x):
    rec, mu, lv = out
    kl = 0.5 * torch.sum(1 + lv - mu**2 - lv.exp())  # here
    return F.mse_loss(rec, x, reduction="sum") + kl


X = torch.randn(100, 20)
found = plainloop.check(VAE(), (X, X), loss=loss)
