"""PaddingCounts: padding index 0 not ignored in LM loss / half of the labels are padding."""

import torch
from torch import nn

import plainloop

src = torch.randint(1, 40, (64, 20))
lengths = torch.randint(3, 10, (64,))
for i, n in enumerate(lengths):
    src[i, n:] = 0


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(40, 16, padding_idx=0)
        self.g = nn.GRU(16, 32, batch_first=True)
        self.o = nn.Linear(32, 40)

    def forward(self, ids):
        h, _ = self.g(self.e(ids))
        return self.o(h)


def loss(scores, target):
    return nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten())  # here


x, y = src[:, :-1], src[:, 1:]
found = plainloop.check(LM(), (x, y), loss=loss)
