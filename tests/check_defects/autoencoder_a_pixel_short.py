"""WrongOutputWidth: the decoder gives 27 pixels back for 28."""

import torch
from torch import nn

import plainloop

torch.manual_seed(0)


class AE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2), nn.ReLU())
        self.d = nn.ConvTranspose2d(8, 1, 3, stride=2)

    def forward(self, x):
        return self.d(self.e(x))


found = plainloop.check(AE(), torch.rand(40, 1, 28, 28), task="autoencoder")  # here
