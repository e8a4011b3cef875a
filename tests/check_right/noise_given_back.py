"""Noise given back."""

import torch
from torch import nn

import plainloop


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(9, 32), nn.SiLU(), nn.Linear(32, 8))
        self.register_buffer("ab", torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), 0))

    def forward(self, x):
        t = torch.randint(0, 100, (len(x),), device=x.device)
        noise = torch.randn_like(x)
        a = self.ab[t].unsqueeze(1)
        noisy = a.sqrt() * x + (1 - a).sqrt() * noise
        guess = self.net(torch.cat([noisy, t.unsqueeze(1) / 100], 1))
        return guess, noise


def loss(out, _):
    guess, noise = out
    return nn.functional.mse_loss(guess, noise)


X = torch.randn(100, 8)
found = plainloop.check(Denoiser(), (X, X), loss=loss)
