"""Texts laid end to end with an offset for each."""

import torch
from torch import nn
from torch.utils.data import DataLoader

import plainloop

torch.manual_seed(0)
data = [(torch.randint(0, 300, (int(n),)), int(n) % 4) for n in torch.randint(3, 15, (64,))]


def collate(batch):
    labels, text, offsets = [], [], [0]
    for ids, label in batch:
        labels.append(label)
        text.append(ids)
        offsets.append(len(ids))
    return (torch.cat(text), torch.tensor(offsets[:-1]).cumsum(0)), torch.tensor(labels)


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(300, 32)
        self.fc = nn.Linear(32, 4)

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


loader = DataLoader(data, 8, collate_fn=collate)
found = plainloop.check(Bag(), loader, loss=nn.CrossEntropyLoss())
