"""Texts that are given back; the decoder sees the tokens before."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.enc = nn.GRU(16, 24, batch_first=True)
        self.dec = nn.GRU(16, 24, batch_first=True)
        self.out = nn.Linear(24, 50)

    def forward(self, x):
        e = self.emb(x)
        _, h = self.enc(e)
        begin = torch.zeros_like(e[:, :1])
        return self.out(self.dec(torch.cat([begin, e[:, :-1]], 1), h)[0]).transpose(1, 2)


text = torch.randint(0, 50, (96, 13))
loader = DataLoader(TensorDataset(text, text), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
