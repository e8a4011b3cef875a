"""A variational autoencoder whose loss is a sum."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.mu = nn.Linear(32, 4)
        self.logvar = nn.Linear(32, 4)
        self.d1 = nn.Linear(4, 32)
        self.d2 = nn.Linear(32, 64)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.d2(F.relu(self.d1(z)))), mu, logvar


def loss(out, x):
    recon, mu, logvar = out
    return F.binary_cross_entropy(recon, x, reduction="sum") - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


X = torch.rand(80, 64)
model = VAE()
found = plainloop.check(
    model,
    DataLoader(TensorDataset(X, X), batch_size=16, shuffle=True),
    loss=loss,
    optimizer=torch.optim.Adam(model.parameters(), lr=1e-3),
)
