"""Pictures, batch normalisation, dropout, a last batch that is left out."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.drop(self.features(x).flatten(1)))


data = TensorDataset(torch.rand(65, 3, 32, 32), torch.randint(0, 10, (65,)))
loader = DataLoader(data, batch_size=16, shuffle=True, drop_last=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
