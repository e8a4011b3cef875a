"""sequence_transformer: reads a sentence with one transformer, writes the answer with another. Copied into ejected projects.

After Vaswani et al. 2017 (arXiv 1706.03762), with the norms before the blocks (Xiong et al. 2020, arXiv 2002.04745) and one
matrix as embedding and as last layer (Press and Wolf 2017, arXiv 1608.05859). Positions are the sines and cosines of the 2017
paper: they are computed, not learned, so a sentence longer than every one in the train rows still has places for its tokens.
Dropout acts on what a block adds and inside its perceptron; not on attention weights, which costs time and gained nothing.

Axes: B examples, S source tokens, T target tokens, D width, H heads, W vocabulary of the target.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


def places(first: int, count: int, width: int, like: Tensor) -> Tensor:
    """What marks the places first, first + 1, ...: sines and cosines of wavelengths from 2 pi to 20,000 pi.

    Shape: (count, D), of the type and on the device of `like`.
    """
    place = torch.arange(first, first + count, device=like.device, dtype=torch.float32)
    rates = torch.exp(torch.arange(0, width, 2, device=like.device) * (-math.log(10_000.0) / width))  # (D/2,)
    angles = place[:, None] * rates  # (count, D/2)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).to(like.dtype)[:, :width]


class Dropout(nn.Module):
    """Sets values to 0 at random while training, in steps of 1/256, and the others so much higher that the mean stays.

    torch draws each place by itself on a CPU, which was a seventh of a training step; here a byte of a random number is a place.
    """

    def __init__(self, share: float):
        super().__init__()
        self.lost = round(256 * share)  # of 256

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.lost:
            return x
        if not x.is_cpu:
            return F.dropout(x, self.lost / 256)
        numbers = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        places = numbers.view(torch.uint8)[: x.numel()].view(x.shape)
        return x * ((places >= self.lost).to(x.dtype) * (256 / (256 - self.lost)))


class Attention(nn.Module):
    """Each query takes a mean of the values, weighed by how well its key fits.

    Shape: x (B, T, D), keys and values (B, 2, H, S, D/H) -> (B, T, D).
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key_value, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        for layer in (self.query, self.key_value, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def keys(self, x: Tensor) -> Tensor:
        """The keys and values of tokens that can be looked at: (B, S, D) -> (B, 2, H, S, D/H)."""
        return self.key_value(x).unflatten(-1, (2, self.heads, -1)).permute(0, 2, 3, 1, 4)

    def queries(self, x: Tensor) -> Tensor:
        return self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, D/H)

    def forward(self, x: Tensor, keys: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """mask: bool (B, 1, 1, S), true where a key may be looked at; causal: no query looks at a later place."""
        query, (key, value) = self.queries(x), keys.unbind(1)
        written_out = query.is_cpu and query.dtype == torch.bfloat16  # where the fused one takes ten times as long to go back
        with sdpa_kernel(SDPBackend.MATH) if written_out else nullcontext():
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return self.out(mixed.transpose(1, 2).flatten(2))  # (B, T, D)

    def weights(self, x: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """What each query looks at, the mean over the heads. Shape: (B, T, S), rows add up to 1."""
        fit = self.queries(x) @ keys[:, 0].mT / math.sqrt(keys.shape[-1])  # (B, H, T, S)
        return fit.masked_fill(~mask, -math.inf).softmax(-1).mean(1)


def perceptron(width: int, hidden: int, dropout: float) -> nn.Sequential:
    first, last = nn.Linear(width, hidden), nn.Linear(hidden, width)
    for layer in (first, last):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(first, nn.ReLU(), Dropout(dropout), last)


class EncoderBlock(nn.Module):
    """Source tokens look at each other, then a perceptron on each; both read a normalised copy and add to what came in.

    Shape: (B, S, D) -> (B, S, D).
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float):
        super().__init__()
        self.norm_attention, self.norm_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.perceptron, self.drop = perceptron(width, hidden, dropout), Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.norm_attention(x)
        x = x + self.drop(self.attention(y, self.attention.keys(y), mask))
        return x + self.drop(self.perceptron(self.norm_perceptron(x)))


class DecoderBlock(nn.Module):
    """Target tokens look at those before them, then at the source, then a perceptron on each.

    Shape: (B, T, D) -> (B, T, D).
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float):
        super().__init__()
        self.norm_past, self.norm_source, self.norm_perceptron = (nn.LayerNorm(width) for _ in range(3))
        self.past, self.source = Attention(width, heads), Attention(width, heads)
        self.perceptron, self.drop = perceptron(width, hidden, dropout), Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """source: keys and values of the source; past: those of the tokens before x, where there are any.

        Shape: source (B, 2, H, S, D/H), past (B, 2, H, t, D/H) -> (B, T, D), and the past with x, (B, 2, H, t + T, D/H).
        """
        y = self.norm_past(x)
        keys = self.past.keys(y)
        if past is not None:  # one token at a time: everything in the past may be looked at
            keys = torch.cat([past, keys], 3)
        x = x + self.drop(self.past(y, keys, causal=past is None))
        x = x + self.drop(self.source(self.norm_source(x), source, mask))
        return x + self.drop(self.perceptron(self.norm_perceptron(x))), keys


class Model(nn.Module):
    """An encoder of `depth` blocks, a decoder of `depth` blocks, and scores of every word for every place of the target.

    hidden: width of the perceptrons.

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
        depth: int = 3,
        heads: int = 4,
        hidden: int = 512,
        dropout: float = 0.1,
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"the width, {width}, is not a multiple of heads, {heads}")
        sizes = width, heads, hidden, dropout
        self.width, self.drop = width, Dropout(dropout)
        self.words = nn.Embedding(num_outputs, width)
        nn.init.normal_(self.words.weight, std=width**-0.5)  # so that scores begin near the size of 1
        self.source_words = None  # source and target are cut into the same tokens: one embedding serves both
        if not shapes["target"]["shared"]:
            self.source_words = nn.Embedding(shapes["text"]["vocabulary"], width)
            nn.init.normal_(self.source_words.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(EncoderBlock(*sizes) for _ in range(depth))
        self.decoder: Any = nn.ModuleList(DecoderBlock(*sizes) for _ in range(depth))
        self.norm_source, self.norm_target = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        source, mask = self.read(inputs["text"])
        x = self.embed(self.words, inputs["target_in"])
        for block in self.decoder:
            x, _ = block(x, block.source.keys(source), mask)
        return F.linear(self.norm_target(x), self.words.weight)  # (B, T, W)

    def embed(self, words: nn.Embedding, tokens: Tensor, first: int = 0) -> Tensor:
        x = words(tokens) * math.sqrt(self.width)
        return self.drop(x + places(first, tokens.shape[1], self.width, x))  # (B, T, D)

    def read(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """The source as the decoder sees it (B, S, D), and where it has tokens, bool (B, 1, 1, S)."""
        mask = (text != 0)[:, None, None]
        x = self.embed(self.source_words or self.words, text)
        for block in self.encoder:
            x = block(x, mask)
        return self.norm_source(x), mask

    def start(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """What `step` needs of the source: its keys and values, and a past that is empty. The first axis of each is B."""
        source, mask = self.read(inputs["text"])
        state = {"mask": mask}
        for number, block in enumerate(self.decoder):
            state[f"source{number}"] = block.source.keys(source)
            state[f"past{number}"] = state[f"source{number}"][..., :0, :]
        return state

    def step(self, state: dict[str, Tensor], tokens: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """One token further: the scores of the token that comes after `tokens`, and the state with it.

        Shape: tokens int64 (B,) -> scores (B, W).
        """
        x, state = self.embed(self.words, tokens[:, None], first=state["past0"].shape[3]), dict(state)  # (B, 1, D)
        for number, block in enumerate(self.decoder):
            x, state[f"past{number}"] = block(x, state[f"source{number}"], state["mask"], state[f"past{number}"])
        return F.linear(self.norm_target(x[:, 0]), self.words.weight), state

    def attention(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the last block looks at in the source while it writes each token. Shape: (B, T, S), rows add up to 1."""
        source, mask = self.read(inputs["text"])
        x = self.embed(self.words, inputs["target_in"])
        for block in self.decoder:
            last = x
            x, _ = block(x, block.source.keys(source), mask)
        y = block.norm_past(last)
        last = last + block.past(y, block.past.keys(y), causal=True)
        return block.source.weights(block.norm_source(last), block.source.keys(source), mask)
