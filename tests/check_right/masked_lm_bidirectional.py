"""Hidden tokens are told from both sides."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(51, 16)
        self.pos = nn.Parameter(torch.randn(12, 16) * 0.02)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1)
        self.out = nn.Linear(16, 51)

    def forward(self, x):
        return self.out(self.enc(self.emb(x) + self.pos)).transpose(1, 2)


text = torch.randint(0, 50, (96, 12))
hidden = torch.rand(96, 12) < 0.15
hidden[:, 0] = True
x = text.masked_fill(hidden, 50)
y = text.masked_fill(~hidden, -100)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
