"""ForwardFails: packed rows that are not sorted."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 16, batch_first=True)
        self.out = nn.Linear(16, 2)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True)  # here
        return self.out(self.gru(packed)[1][-1])


lengths = torch.randint(2, 10, (80,))
loader = DataLoader(TensorDataset(torch.randn(80, 9, 4), lengths.clamp(max=9), torch.randint(0, 2, (80,))), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
