"""WrongLabelShape: language model scores (B,T,V)."""

import torch
from torch import nn

import plainloop

m = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 20))
t = torch.randint(0, 20, (40, 7))
found = plainloop.check(m, (t[:, :-1], t[:, 1:]), loss=nn.CrossEntropyLoss())
