"""Dictionaries, a mask, bfloat16 by autocast."""

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
        with torch.autocast("cpu", dtype=torch.bfloat16):
            h = self.emb(ids) * mask.unsqueeze(-1)
            return self.out(h.sum(1) / mask.sum(1, keepdim=True)).float()


class Texts(torch.utils.data.Dataset):
    def __len__(self):
        return 80

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(i)
        ids = torch.randint(1, 40, (10,), generator=g)
        ids[4 + i % 6 :] = 0
        return {"ids": ids, "mask": (ids != 0).float()}, torch.tensor(i % 2)


loader = DataLoader(Texts(), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=nn.CrossEntropyLoss())
