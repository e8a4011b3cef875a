"""Attention without padding."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

import plainloop


class T(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 8, padding_idx=0)
        self.t = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1, enable_nested_tensor=False)
        self.f = nn.Linear(8, 2)

    def forward(self, ids):
        pad = ids == 0
        h = self.t(self.e(ids), src_key_padding_mask=pad)
        keep = (~pad).unsqueeze(-1).float()
        return self.f((h * keep).sum(1) / keep.sum(1))


ids = pad_sequence([torch.randint(1, 30, (2 + i % 9,)) for i in range(80)], batch_first=True)
found = plainloop.check(T(), (ids, torch.arange(80) % 2), loss=nn.CrossEntropyLoss())
