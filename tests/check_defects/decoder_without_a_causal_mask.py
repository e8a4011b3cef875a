"""AnswerSeen: nothing: TransformerDecoder without tgt_mask."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class S(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 16)
        self.t = nn.Transformer(16, 2, 1, 1, 32, batch_first=True)
        self.f = nn.Linear(16, 30)

    def forward(self, src, tgt):
        return self.f(self.t(self.e(src), self.e(tgt)))  # here


def loss(s, y):
    return nn.functional.cross_entropy(s.flatten(0, 1), y.flatten())


src, full = torch.randint(1, 30, (60, 8)), torch.randint(1, 30, (60, 9))
found = plainloop.check(S(), DataLoader(TensorDataset(src, full[:, :-1], full[:, 1:]), batch_size=12), loss=loss)
