"""Synthetic dataset."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class Sines(Dataset):
    def __init__(self, steps=50):
        self.t = torch.linspace(0, 6, 50).repeat(4, 1)

    def __len__(self):
        return 300

    def __getitem__(self, i):
        phase = torch.rand(1) * 6
        wave = torch.sin(self.t[0] + phase)
        return wave[:-1], wave[-1:]


m = nn.Sequential(nn.Linear(49, 32), nn.ReLU(), nn.Linear(32, 1))
found = plainloop.check(m, DataLoader(Sines(), batch_size=30), loss=nn.MSELoss())
