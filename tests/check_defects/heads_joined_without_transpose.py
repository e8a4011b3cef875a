"""AxesRegrouped: heads of an attention joined without the transpose back."""

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
        self.head = nn.Linear(dim, 3)

    def forward(self, x):
        b, t, d = x.shape
        q = self.q(x).view(b, t, self.heads, d // self.heads).transpose(1, 2)
        w = torch.softmax(q @ q.transpose(-2, -1), dim=-1)
        x = (w @ q).contiguous().view(b, t, d)  # here
        return self.head(x.mean(1))


X = torch.randn(64, 10, 32)
y = torch.randint(0, 3, (64,))
found = plainloop.check(Attn(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
