"""A mixture of normal distributions."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

torch.manual_seed(0)


class MDN(nn.Module):
    def __init__(self, k=5):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 32), nn.Tanh())
        self.pi, self.mu, self.sigma = nn.Linear(32, k), nn.Linear(32, k), nn.Linear(32, k)

    def forward(self, x):
        h = self.body(x)
        return F.log_softmax(self.pi(h), -1), self.mu(h), F.softplus(self.sigma(h)) + 1e-3


def nll(out, y):
    log_pi, mu, sigma = out
    return -torch.logsumexp(log_pi + torch.distributions.Normal(mu, sigma).log_prob(y), dim=1).mean()


X = torch.linspace(-3, 3, 200)[:, None]
y = torch.sin(X) + 0.1 * torch.randn(200, 1)
found = plainloop.check(MDN(), (X, y), loss=nll)
