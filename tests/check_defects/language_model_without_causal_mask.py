"""AnswerSeen: a model of the next token without a causal mask."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.pos = nn.Parameter(torch.randn(12, 16) * 0.02)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2)
        self.out = nn.Linear(16, 50)

    def forward(self, x):  # here
        return self.out(self.enc(self.emb(x) + self.pos)).transpose(1, 2)


text = torch.randint(0, 50, (96, 13))
loader = DataLoader(TensorDataset(text[:, :-1], text[:, 1:]), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
