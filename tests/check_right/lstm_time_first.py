"""An LSTM that wants time first and gets it, with a first state on the input's device."""

import torch
from torch import nn

import plainloop


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 8, num_layers=2, dropout=0.1)
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        x = x.permute(1, 0, 2)
        h = torch.zeros(2, x.size(1), 8, device=x.device)
        out, _ = self.lstm(x, (h, torch.zeros_like(h)))
        return self.fc(out[-1])


found = plainloop.check(Net(), (torch.randn(60, 20, 4), torch.randn(60, 1)), loss=nn.L1Loss())
