"""Vit with class token."""

import torch
from torch import nn

import plainloop


class ViT(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.patch = nn.Conv2d(3, d, 8, stride=8)
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.pos = nn.Parameter(torch.randn(1, 17, d) * 0.02)
        self.enc = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(d, 4, 64, batch_first=True, norm_first=True), 2, enable_nested_tensor=False
        )
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, 10)
        nn.init.zeros_(self.head.weight)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.pos
        return self.head(self.norm(self.enc(x)[:, 0]))


found = plainloop.check(
    ViT(), (torch.rand(40, 3, 32, 32), torch.randint(0, 10, (40,))), loss=nn.CrossEntropyLoss(label_smoothing=0.1)
)
