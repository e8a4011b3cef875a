"""Vae rsample."""

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

import plainloop


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 6))
        self.dec = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 12))

    def forward(self, x):
        mu, raw = self.enc(x).chunk(2, -1)
        q = Normal(mu, nn.functional.softplus(raw) + 1e-4)
        self.kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1).mean()
        return self.dec(q.rsample())


m = VAE()
X = torch.randn(100, 12)
found = plainloop.check(m, (X, X), loss=nn.MSELoss())
