"""RowsMixed: a transformer without batch_first attends across the rows."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        x = self.encoder(self.words(x))  # here
        return self.fc(x.mean(1))


found = plainloop.check(Net(), (torch.randint(0, 50, (64, 9)), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
