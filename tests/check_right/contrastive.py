"""Two views of each row; labels that nothing asks for."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8))

    def forward(self, a, b):
        return F.normalize(self.body(a), dim=1), F.normalize(self.body(b), dim=1)


def info_nce(s, _=None):
    return F.cross_entropy(s[0] @ s[1].T / 0.1, torch.arange(len(s[0]), device=s[0].device))


class Pairs(torch.utils.data.Dataset):
    def __len__(self):
        return 80

    def __getitem__(self, i):
        a = torch.randn(6, generator=torch.Generator().manual_seed(i))
        return (a, a + 0.1), 0


loader = DataLoader(Pairs(), batch_size=16, shuffle=True)
found = plainloop.check(Net(), loader, loss=info_nce)
