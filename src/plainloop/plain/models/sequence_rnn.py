"""sequence_rnn: reads a sentence with one recurrent net, writes the answer with another that looks back at it.

Copied into ejected projects.
The encoder reads in both directions (Schuster and Paliwal 1997); the decoder looks at all its states by the attention of Luong
et al. 2015 (arXiv 1508.04025, "general"), after the recurrent layers and not between them, so that in training they run over
the whole target at once. One matrix is embedding and last layer (Press and Wolf 2017, arXiv 1608.05859).

Axes: B examples, S source tokens, T target tokens, D width, L layers, W vocabulary of the target.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}


def reversed_rows(values: Tensor, lengths: Tensor) -> Tensor:
    """Each row's tokens from its last to its first; padding stays at the end. Shape: (B, S, ...) -> (B, S, ...)."""
    place = torch.arange(values.shape[1], device=values.device)
    back = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)  # (B, S)
    return values.gather(1, back.view(*back.shape, *[1] * (values.dim() - 2)).expand_as(values))


class Model(nn.Module):
    """A recurrent encoder in both directions, a recurrent decoder with attention, and scores of every word for every place.

    cell: gru or lstm.

    Shape: inputs "text" int64 (B, S) and "target_in" int64 (B, T), 0 where a row has ended -> scores float32 (B, T, W).

    >>> shapes = {"text": {"vocabulary": 50}, "target": {"shared": False}}
    >>> tokens = torch.ones(7, 5, dtype=torch.long)
    >>> Model(shapes, 40)({"text": tokens, "target_in": tokens[:, :3]}).shape
    torch.Size([7, 3, 40])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        width: int = 256,
        depth: int = 1,
        cell: Literal["gru", "lstm"] = "lstm",
        dropout: float = 0.2,
    ):
        super().__init__()
        kind, half = CELLS[cell], (width + 1) // 2
        self.depth, self.drop, self.has_cell = depth, nn.Dropout(dropout), cell == "lstm"
        self.words = nn.Embedding(num_outputs, width)
        nn.init.normal_(self.words.weight, std=width**-0.5)
        self.source_words = None  # source and target are cut into the same tokens: one embedding serves both
        if not shapes["target"]["shared"]:
            self.source_words = nn.Embedding(shapes["text"]["vocabulary"], width)
            nn.init.normal_(self.source_words.weight, std=width**-0.5)
        sizes = [width] + [2 * half] * depth
        self.forwards = nn.ModuleList(kind(size, half, batch_first=True) for size in sizes[:depth])
        self.backwards = nn.ModuleList(kind(size, half, batch_first=True) for size in sizes[:depth])
        self.first = nn.Linear(2 * half, depth * width * (2 if self.has_cell else 1))  # the decoder's states before it writes
        self.decoder = nn.ModuleList(kind(width, width, batch_first=True) for _ in range(depth))
        self.key, self.join = nn.Linear(2 * half, width), nn.Linear(width + 2 * half, width)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        source, mask, states = self.read(inputs["text"])
        x, _ = self.recur(inputs["target_in"], states)  # (B, T, D)
        return self.write(x, source, self.key(source), mask)[0]

    def read(self, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The encoder's states (B, S, D), where there are tokens, bool (B, S), and the decoder's first states (B, states, D)."""
        mask = text != 0
        lengths = mask.sum(1)  # (B,)
        x = self.drop((self.source_words or self.words)(text) * math.sqrt(self.words.embedding_dim))
        # two nets, the second over turned rows: a packed sequence would keep padding out as well, and is three times as slow
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            ahead, back = forwards(x)[0], backwards(reversed_rows(x, lengths))[0]
            x = self.drop(torch.cat([ahead, reversed_rows(back, lengths)], -1))
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, ahead.shape[2])
        ends = torch.cat([ahead.gather(1, last), back.gather(1, last)], -1)[:, 0]  # each direction after its last token
        return x, mask, torch.tanh(self.first(ends)).unflatten(1, (-1, self.words.embedding_dim))

    def recur(self, tokens: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """The recurrent layers over the target tokens.

        Shape: tokens (B, T), states (B, states, D): each layer's state, then of an LSTM each layer's cell -> (B, T, D), states.
        """
        x = self.drop(self.words(tokens) * math.sqrt(self.words.embedding_dim))
        now = [state[None].contiguous() for state in states.unbind(1)]  # each (1, B, D)
        for number, layer in enumerate(self.decoder):
            if self.has_cell:
                x, (now[number], now[self.depth + number]) = layer(x, (now[number], now[self.depth + number]))
            else:
                x, now[number] = layer(x, now[number])
            x = self.drop(x)
        return x, torch.cat(now).transpose(0, 1)

    def write(self, x: Tensor, source: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Scores out of the decoder's states and what they look at. Shape: (B, T, D) -> (B, T, W), weights (B, T, S)."""
        fit = (x @ keys.mT / math.sqrt(x.shape[-1])).masked_fill(~mask[:, None], -math.inf)  # (B, T, S)
        weights = fit.softmax(-1)
        joined = torch.tanh(self.join(torch.cat([x, weights @ source], -1)))  # (B, T, D)
        return F.linear(self.drop(joined), self.words.weight), weights

    def start(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """What `step` needs of the source. The first axis of each tensor is B."""
        source, mask, states = self.read(inputs["text"])
        return {"source": source, "keys": self.key(source), "mask": mask, "states": states}

    def step(self, state: dict[str, Tensor], tokens: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """One token further: the scores of the token that comes after `tokens`, and the state with it.

        Shape: tokens int64 (B,) -> scores (B, W).
        """
        x, states = self.recur(tokens[:, None], state["states"])
        scores, _ = self.write(x, state["source"], state["keys"], state["mask"])
        return scores[:, 0], {**state, "states": states}

    def attention(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the decoder looks at in the source while it writes each token. Shape: (B, T, S), rows add up to 1."""
        source, mask, states = self.read(inputs["text"])
        x, _ = self.recur(inputs["target_in"], states)
        return self.write(x, source, self.key(source), mask)[1]
