"""AxesRegrouped: heads of an attention made by a view alone."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class Attn(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)
        self.head = nn.Linear(dim, 3)

    def forward(self, x):
        b, t, d = x.shape
        q = self.q(x).view(b, self.heads, t, d // self.heads)  # here
        k = self.k(x).view(b, self.heads, t, d // self.heads)
        v = self.v(x).view(b, self.heads, t, d // self.heads)
        w = torch.softmax(q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5, dim=-1)
        x = (w @ v).reshape(b, t, d)
        return self.head(x.mean(1))


X = torch.randn(64, 10, 32)
y = torch.randint(0, 3, (64,))
found = plainloop.check(Attn(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
