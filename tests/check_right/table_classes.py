"""A plain classifier with its optimizer and a DataLoader."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 4))
data = TensorDataset(torch.randn(200, 6), torch.randint(0, 4, (200,)))
loader = DataLoader(data, batch_size=32, shuffle=True)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
found = plainloop.check(model, loader, loss=nn.CrossEntropyLoss(), optimizer=optimizer)
