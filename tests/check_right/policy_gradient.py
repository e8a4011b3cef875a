"""Policy gradient."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plainloop

pi = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))


def reinforce(logits, target):
    actions, returns = target[:, 0].long(), target[:, 1]
    logp = torch.log_softmax(logits, 1).gather(1, actions[:, None]).squeeze(1)
    return -(logp * returns).mean()


S = torch.randn(100, 4)
T = torch.stack([torch.randint(0, 2, (100,)).float(), torch.randn(100)], 1)
found = plainloop.check(pi, DataLoader(TensorDataset(S, T), batch_size=20), loss=reinforce)
