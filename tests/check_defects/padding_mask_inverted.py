"""MaskedWhole: True marks what is to be seen, and hides it."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 16, padding_idx=0)
        self.enc = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.o = nn.Linear(16, 2)

    def forward(self, ids):
        mask = ids != 0
        h = self.enc(self.e(ids), src_key_padding_mask=mask)  # here
        return self.o(h.mean(1))


found = plainloop.check(Net(), (torch.randint(1, 30, (60, 9)), torch.randint(0, 2, (60,))), loss=nn.CrossEntropyLoss())
