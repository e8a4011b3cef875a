"""WrongScores: forward returns class numbers where cross entropy wants scores."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return torch.argmax(self.fc(x), dim=1).float()  # here


found = plainloop.check(Net(), (torch.randn(64, 8), torch.randint(0, 3, (64,))), loss=nn.CrossEntropyLoss())
assert "return self.fc(x)" in str(found), found
