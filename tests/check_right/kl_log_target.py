"""A divergence from logarithms, said so."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(dim=1))
loader = DataLoader(TensorDataset(torch.randn(80, 6), torch.randn(80, 4).log_softmax(1)), batch_size=16, shuffle=True)
found = plainloop.check(model, loader, loss=nn.KLDivLoss(reduction="batchmean", log_target=True))
