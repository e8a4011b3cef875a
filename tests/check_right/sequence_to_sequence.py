"""An encoder and a decoder with teacher forcing."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class S2S(nn.Module):
    def __init__(self, v=40, d=24):
        super().__init__()
        self.src, self.tgt = nn.Embedding(v, d), nn.Embedding(v, d)
        self.enc, self.dec = nn.GRU(d, d, batch_first=True), nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, v)

    def forward(self, src, tgt_in):
        _, h = self.enc(self.src(src))
        o, _ = self.dec(self.tgt(tgt_in), h)
        return self.out(o)


src, tgt = torch.randint(1, 40, (60, 9)), torch.randint(1, 40, (60, 7))
ds = TensorDataset(src, tgt[:, :-1], tgt[:, 1:])
found = plainloop.check(S2S(), DataLoader(ds, 12), loss=lambda s, y: F.cross_entropy(s.flatten(0, 1), y.flatten()))
