"""DataUnusable: PIL in dataset."""

from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop


class D(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        return Image.new("RGB", (8, 8)), i % 5  # here


found = plainloop.check(nn.Linear(4, 5), DataLoader(D(), batch_size=8), loss=nn.CrossEntropyLoss())
