"""LossFails: four class weights for three classes."""

import torch
from torch import nn

import plainloop

criterion = nn.CrossEntropyLoss(weight=torch.ones(4))  # here
found = plainloop.check(nn.Linear(4, 3), (torch.randn(64, 4), torch.randint(0, 3, (64,))), loss=criterion)
