"""A frozen body whose normalisation stays in evaluation mode."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.body.requires_grad_(False)
        self.head = nn.Linear(8, 4)

    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x):
        return self.head(self.body(x))


model = Net()
loader = DataLoader(TensorDataset(torch.rand(64, 3, 16, 16), torch.randint(0, 4, (64,))), batch_size=16, shuffle=True)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss(), optimizer=torch.optim.AdamW(model.head.parameters(), lr=1e-3))
