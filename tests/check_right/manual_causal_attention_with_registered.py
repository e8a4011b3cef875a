"""Manual causal attention with registered mask."""

import math

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self, d=16, T=10):
        super().__init__()
        self.tok = nn.Embedding(30, d)
        self.pos = nn.Embedding(T, d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.out = nn.Linear(d, 30, bias=False)
        self.out.weight = self.tok.weight
        self.register_buffer("mask", torch.tril(torch.ones(T, T)).bool())

    def forward(self, x):
        T = x.size(1)
        h = self.tok(x) + self.pos(torch.arange(T, device=x.device))
        q, k, v = self.qkv(h).chunk(3, dim=-1)
        a = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        a = a.masked_fill(~self.mask[:T, :T], float("-inf")).softmax(-1)
        return self.out(h + a @ v)


def lm(out, y):
    return nn.functional.cross_entropy(out.reshape(-1, out.size(-1)), y.reshape(-1))


t = torch.randint(0, 30, (50, 11))
found = plainloop.check(Net(), (t[:, :-1], t[:, 1:]), loss=lm)
