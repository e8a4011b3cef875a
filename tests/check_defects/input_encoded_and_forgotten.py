"""LayerUnused: what one of two inputs becomes is not used."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.text = nn.EmbeddingBag(100, 16)
        self.num = nn.Linear(4, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, tokens, numbers):
        a = self.text(tokens)
        b = self.num(numbers)  # here
        return self.out(a)


data = [(torch.randint(0, 100, (7,)), torch.randn(4), torch.tensor(i % 2)) for i in range(80)]
found = plainloop.check(Two(), data, loss=nn.CrossEntropyLoss())
