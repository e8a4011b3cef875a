"""AxesRegrouped: conv1d over embedding with T == D, no transpose."""

import torch
from torch import nn

import plainloop


class TextCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(80, 32)
        self.conv = nn.Conv1d(32, 24, 3)
        self.fc = nn.Linear(24, 2)

    def forward(self, t):
        e = self.emb(t)
        c = torch.relu(self.conv(e))  # here
        return self.fc(c.max(dim=2).values)


ids = torch.randint(0, 80, (60, 32))
y = torch.randint(0, 2, (60,))
found = plainloop.check(TextCNN(), (ids, y), loss=nn.CrossEntropyLoss())
