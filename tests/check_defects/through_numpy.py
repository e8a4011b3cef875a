"""GraphCut: a way through NumPy has no gradient."""

import numpy as np
import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        h = self.fc(x)
        return torch.from_numpy(np.tanh(h.detach().numpy()))  # here


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
