"""MaskedWhole: True for words in a padding mask, where it hides."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(60, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 1)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        mask = x != 0
        h = self.enc(self.emb(x), src_key_padding_mask=mask)  # here
        return self.fc(h[:, 0])


X = torch.randint(1, 60, (64, 12))
for i in range(64):
    X[i, 4 + i % 8 :] = 0
y = torch.randint(0, 2, (64,))
found = plainloop.check(Net(), DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True), loss=nn.CrossEntropyLoss())
