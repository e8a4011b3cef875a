"""InputsNotScaled: ToTensor and / 255 again."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __init__(self):
        self.raw = torch.randint(0, 256, (80, 1, 12, 12), dtype=torch.uint8)

    def __len__(self):
        return 80

    def __getitem__(self, i):
        x = self.raw[i].float() / 255
        return x / 255, i % 3  # here


m = nn.Sequential(nn.Flatten(), nn.Linear(144, 32), nn.ReLU(), nn.Linear(32, 3))
found = plainloop.check(m, DataLoader(D(), batch_size=16), loss=nn.CrossEntropyLoss())
