"""Batches as dictionaries with a padding mask."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import plainloop

torch.manual_seed(0)


class DS(Dataset):
    def __len__(self):
        return 50

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(i)
        mask = torch.ones(12, dtype=torch.long)
        mask[8:] = 0
        return {"input_ids": torch.randint(0, 90, (12,), generator=g), "attention_mask": mask, "labels": torch.tensor(i % 3)}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(90, 16)
        self.enc = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, input_ids, attention_mask):
        h = self.enc(self.emb(input_ids), src_key_padding_mask=attention_mask == 0)
        m = attention_mask.unsqueeze(-1).float()
        return self.head((h * m).sum(1) / m.sum(1))


found = plainloop.check(Model(), DataLoader(DS(), 10), loss=nn.CrossEntropyLoss())
