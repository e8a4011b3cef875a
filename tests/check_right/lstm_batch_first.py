"""An LSTM with batch_first, its last step, embeddings with padding."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 2)

    def forward(self, x):
        _, (h, _) = self.lstm(self.words(x))
        return self.fc(torch.cat([h[-2], h[-1]], dim=1))


found = plainloop.check(Net(), (torch.randint(0, 100, (80, 15)), torch.randint(0, 2, (80,))), loss=nn.CrossEntropyLoss())
