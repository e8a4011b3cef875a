"""LeftInEval: the model was left in evaluation mode."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))  # here
model.eval()
found = plainloop.check(model, (torch.randn(64, 4), torch.randint(0, 2, (64,))), loss=nn.CrossEntropyLoss())
