"""InputUnused: a mask of padding that forward forgets."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(40, 16, padding_idx=0)
        self.out = nn.Linear(16, 2)

    def forward(self, ids, mask):
        return self.out(self.emb(ids).mean(1))


class Texts(torch.utils.data.Dataset):
    def __len__(self):
        return 80

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(i)
        ids = torch.randint(1, 40, (10,), generator=g)
        ids[6:] = 0
        return {"ids": ids, "mask": ids != 0}, torch.tensor(i % 2)


loader = DataLoader(Texts(), batch_size=16)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
