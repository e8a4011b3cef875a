"""LeftInEval: the features of the model are put in evaluation mode."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(self.features(x))


X, y = torch.randn(120, 6), torch.randint(0, 3, (120,))
model = Net()
model.features.eval()  # here
found = plainloop.check(model, (X, y), loss=nn.CrossEntropyLoss())
