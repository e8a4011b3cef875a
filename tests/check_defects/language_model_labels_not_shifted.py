"""AnswerSeen: a model of the next token whose labels are its inputs."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 50)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0]).transpose(1, 2)


text = torch.randint(0, 50, (96, 13))  # here
loader = DataLoader(TensorDataset(text, text), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
