"""Device idiom."""

import torch
from torch import nn

import plainloop

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(3, 8, batch_first=True)
        self.o = nn.Linear(8, 2)

    def forward(self, x):
        h = torch.zeros(1, x.size(0), 8).to(device)
        c = torch.zeros(1, x.size(0), 8, device=device)
        return self.o(self.r(x, (h, c))[0][:, -1, :])


found = plainloop.check(
    Net().to(device), (torch.randn(60, 5, 3).to(device), torch.randint(0, 2, (60,)).to(device)), loss=nn.CrossEntropyLoss()
)
