"""RowsMixed: positions added along the rows."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Positions(nn.Module):
    def __init__(self, width, longest=100):
        super().__init__()
        place = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        pe = torch.zeros(longest, 1, width)
        pe[:, 0, 0::2] = torch.sin(place * rate)
        pe[:, 0, 1::2] = torch.cos(place * rate)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(0)]  # here


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.pos = Positions(16)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1)
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        return self.out(self.enc(self.pos(self.emb(x))).mean(1))


loader = DataLoader(TensorDataset(torch.randint(0, 50, (80, 12)), torch.randint(0, 3, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
