"""A transformer over words, with learned places and a causal mask."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(60, 32)
        self.places = nn.Parameter(torch.zeros(1, 12, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(32, 60)
        self.head.weight = self.words.weight

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(1), device=x.device)
        h = self.words(x) + self.places[:, : x.size(1)]
        return self.head(self.encoder(h, mask=mask, is_causal=True)).transpose(1, 2)


tokens = torch.randint(0, 60, (64, 13))
found = plainloop.check(Net(), (tokens[:, :-1], tokens[:, 1:]), loss=nn.CrossEntropyLoss())
