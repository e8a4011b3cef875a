"""RowsMixed: nn.TransformerEncoder copies a layer without batch_first."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class T(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(80, 32)
        layer = nn.TransformerEncoderLayer(d_model=32, nhead=4, dim_feedforward=64)  # here
        self.enc = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(32, 2)

    def forward(self, ids):
        return self.head(self.enc(self.emb(ids)).mean(dim=1))


X, y = torch.randint(0, 80, (90, 14)), torch.randint(0, 2, (90,))
found = plainloop.check(T(), (X, y), loss=nn.CrossEntropyLoss())
