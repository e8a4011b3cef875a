"""InputsNotScaled: image floats 0..255 via ToTensor forgotten."""

import numpy as np
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        return np.random.randint(0, 256, (3, 16, 16)).astype("float32"), i % 5  # here


m = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
found = plainloop.check(m, DataLoader(D(), batch_size=8, shuffle=True), loss=nn.CrossEntropyLoss())
