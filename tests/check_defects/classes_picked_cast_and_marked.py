"""GraphCut: class numbers cast to floats and marked as wanting a gradient."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x).argmax(1).float().float().requires_grad_()  # here


X = torch.randn(64, 4)
y = torch.randint(0, 3, (64,)).float()
found = plainloop.check(Net(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.MSELoss())
