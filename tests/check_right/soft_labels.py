"""Cross-entropy against probabilities, with label smoothing."""

import torch
from torch import nn

import plainloop

y = torch.randn(100, 4).softmax(1)
loss = nn.CrossEntropyLoss(label_smoothing=0.1)
found = plainloop.check(nn.Linear(8, 4), (torch.randn(100, 8), y), loss=loss)
