"""Low rank beside a layer."""

import torch
from torch import nn

import plainloop


class LoRA(nn.Module):
    def __init__(self, d, r=2):
        super().__init__()
        self.base = nn.Linear(d, d)
        self.base.requires_grad_(False)
        self.a, self.b = nn.Linear(d, r, bias=False), nn.Linear(r, d, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


m = nn.Sequential(LoRA(8), nn.ReLU(), nn.Linear(8, 2))
X = torch.randn(100, 8)
found = plainloop.check(m, (X, torch.randint(0, 2, (100,))), loss=nn.CrossEntropyLoss())
