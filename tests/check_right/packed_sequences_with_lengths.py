"""Packed sequences with lengths."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        g = torch.Generator().manual_seed(1)
        self.x = [torch.randint(1, 20, (int(torch.randint(3, 9, (1,), generator=g)),), generator=g) for _ in range(80)]

    def __len__(self):
        return 80

    def __getitem__(self, i):
        return self.x[i], i % 2


def collate(items):
    xs, ys = zip(*items, strict=True)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(20, 8, padding_idx=0)
        self.r = nn.LSTM(8, 8, batch_first=True)
        self.o = nn.Linear(8, 2)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.e(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.r(p)
        return self.o(h[-1])


found = plainloop.check(Net(), DataLoader(D(), batch_size=16, shuffle=True, collate_fn=collate), loss=nn.CrossEntropyLoss())
