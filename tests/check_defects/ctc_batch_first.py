"""WrongScores: CTC with the rows first."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.out = nn.Linear(16, 11)

    def forward(self, x):
        return self.out(self.rnn(x)[0]).log_softmax(-1)


ctc = nn.CTCLoss()


def loss(scores, labels):
    T, B = scores.size(0), scores.size(1)
    return ctc(scores, labels, torch.full((B,), T), torch.full((B,), labels.size(1)))  # here


loader = DataLoader(TensorDataset(torch.randn(80, 20, 8), torch.randint(1, 11, (80, 5))), batch_size=16)
found = plainloop.check(Net(), loader, loss=loss)
