"""Distillation with kl."""

import torch
import torch.nn.functional as F
from torch import nn

import plainloop

t = torch.randn(64, 5).softmax(1)
found = plainloop.check(
    nn.Linear(4, 5), (torch.randn(64, 4), t), loss=lambda s, p: F.kl_div(s.log_softmax(1), p, reduction="batchmean")
)
