"""log_softmax and NLLLoss, with class weights."""

import torch
from torch import nn

import plainloop

model = nn.Sequential(nn.Linear(8, 5), nn.LogSoftmax(dim=1))
loss = nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 1.0, 1.0, 0.5]))
found = plainloop.check(model, (torch.randn(100, 8), torch.randint(0, 5, (100,))), loss=loss)
