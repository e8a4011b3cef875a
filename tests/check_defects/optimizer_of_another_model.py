"""NotInOptimizer: the model was made anew."""

import torch
from torch import nn

import plainloop

model = nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters())  # here
model = nn.Linear(8, 3)
data = (torch.randn(64, 8), torch.randint(0, 3, (64,)))
found = plainloop.check(model, data, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
