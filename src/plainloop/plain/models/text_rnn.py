"""text_rnn: a recurrent net that reads the text word by word: plain, LSTM or GRU, in one or both directions.

LSTM: Hochreiter & Schmidhuber 1997; GRU: Cho et al. 2014 (arXiv 1406.1078). The rows of a batch are padded at their end and go
through torch's layer as they are: what comes behind the last token is computed and never looked at. That is three to four times
as fast on a CPU as packing the rows (docs/experiments.md). The other direction reads each row turned round, so that its padding
stands at the end as well. Copied into ejected projects.

Axes: B examples, T tokens, W vocabulary, D width of a token, H width of the state over both directions, out outputs.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

CELLS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Model(nn.Module):
    """Token vectors, `depth` recurrent layers, the states of all tokens pooled into one, one linear layer.

    pooling: what stands for the text: the state behind its last token, the mean or the largest of all states, or their mean
    weighed by a learned attention (Bahdanau et al. 2015, arXiv 1409.0473).

    Shape: inputs "text" int64 (B, T), 0 where a shorter row is padded -> scores float32 (B, out).

    >>> model = Model({"text": {"vocabulary": 50, "length": 9}}, 3, cell="gru", pooling="attention")
    >>> model({"text": torch.tensor([[4, 7, 2], [5, 0, 0]])}).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        cell: Literal["rnn", "lstm", "gru"] = "lstm",
        width: int = 128,
        depth: int = 1,
        directions: int = 2,
        pooling: Literal["last", "mean", "max", "attention"] = "max",
        dropout: float = 0.3,
    ):
        super().__init__()
        self.pooling, self.directions = pooling, directions
        self.tokens = nn.Embedding(shapes["text"]["vocabulary"], width, padding_idx=0)
        nn.init.normal_(self.tokens.weight[1:], std=width**-0.5)  # a few steps change that much: a rare word is little noise
        state = width // directions
        self.layers = nn.ModuleList(  # layer after layer, each with its directions
            CELLS[cell](width if layer < directions else state * directions, state, batch_first=True)
            for layer in range(depth * directions)
        )
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.Linear(state * directions, 1) if pooling == "attention" else None
        self.head = nn.Linear(state * directions, num_outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]
        lengths = (text != 0).sum(1, keepdim=True).clamp_min(1)  # (B, 1)
        place = torch.arange(text.shape[1], device=text.device).expand_as(text)  # (B, T)
        turned = torch.where(place < lengths, lengths - 1 - place, place)  # the tokens last to first, the padding where it was
        x = self.dropout(self.tokens(text))  # (B, T, D)
        for layer in range(0, len(self.layers), self.directions):
            states = self.layers[layer](x)[0]
            if self.directions == 2:
                states = torch.cat([states, along(self.layers[layer + 1](along(x, turned))[0], turned)], 2)
            x = self.dropout(states)  # (B, T, H)
        return self.head(self.pooled(x, place < lengths, lengths))

    def pooled(self, x: Tensor, here: Tensor, lengths: Tensor) -> Tensor:
        """One state for each text out of those of its tokens. Shape: (B, T, H), bool (B, T), (B, 1) -> (B, H)."""
        if self.pooling == "last":
            forward = along(x, lengths - 1)[:, 0]
            if self.directions == 1:
                return forward
            half = x.shape[2] // 2  # the other direction has read the whole text when it comes to the first token
            return torch.cat([forward[:, :half], x[:, 0, half:]], 1)
        if self.pooling == "max":
            return x.masked_fill(~here[..., None], -torch.inf).amax(1)
        if self.attention is None:
            return (x * here[..., None]).sum(1) / lengths
        weights = self.attention(x)[..., 0].masked_fill(~here, -torch.inf).softmax(1)  # (B, T), each row adds up to 1
        return (weights[:, None] @ x)[:, 0]


def along(x: Tensor, places: Tensor) -> Tensor:
    """The states at the given places of each row. Shape: (B, T, H), int64 (B, P) -> (B, P, H)."""
    return x.gather(1, places[..., None].expand(-1, -1, x.shape[2]))
