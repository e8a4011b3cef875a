"""How fast sequence_transformer trains beside a lean loop around torch.nn.Transformer of the same sizes: tokens per CPU-second.

    OMP_NUM_THREADS=1 python bench/sequence.py
    OMP_NUM_THREADS=1 python bench/sequence.py --width 128 --depth 4 --hidden 256 --precision float32
    OMP_NUM_THREADS=1 MALLOC_ARENA_MAX=8 python bench/sequence.py     # memory as glibc has it: see plain/device.py

Both see the same rows in the same batches, with the same optimizer, precision, loss, dropout and limit on the gradient. The lean
loop has its batches padded and ready, and counts nothing; ours goes through `plain.loop.train`, with batches cut out of rows, the
figures of the epoch and a validation. They take turns, and the fastest turn of each counts; a first turn warms up. Tokens are
those of source and target, padding left out. Rows are drawn with lengths like those of Multi30k, 4 to 40 tokens.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.config import Train
from plainloop.plain.device import autocast, settle
from plainloop.plain.loop import train
from plainloop.plain.models.sequence_transformer import Model, places
from plainloop.plain.optimize import build_optimizer
from plainloop.plain.ragged import Ragged
from plainloop.plain.tasks.sequence import Sequence

START, END = 2, 3


class Floor(nn.Module):
    """torch's own transformer between the embedding and the last layer, which are one matrix, as in ours."""

    def __init__(self, vocabulary: int, width: int, depth: int, heads: int, hidden: int, dropout: float):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.words.weight, std=width**-0.5)
        self.net = nn.Transformer(width, heads, depth, depth, hidden, dropout, batch_first=True, norm_first=True)
        self.drop, self.width = nn.Dropout(dropout), width

    def forward(self, text: Tensor, target_in: Tensor) -> Tensor:
        padding = text == 0
        source, target = (
            self.drop(self.words(tokens) * math.sqrt(self.width) + places(0, tokens.shape[1], self.width, self.words.weight))
            for tokens in (text, target_in)
        )
        later = nn.Transformer.generate_square_subsequent_mask(target.shape[1], device=target.device)
        options = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding, "tgt_is_causal": True}
        return F.linear(self.net(source, target, tgt_mask=later, **options), self.words.weight)


def drawn(rows: int, vocabulary: int, seed: int) -> Ragged:
    draw = torch.Generator().manual_seed(seed)
    lengths = (16 + 5 * torch.randn(rows, generator=draw)).round().long().clamp(4, 40)
    tokens = torch.randint(4, vocabulary, (int(lengths.sum()),), generator=draw, dtype=torch.int32)
    tokens[lengths.cumsum(0) - 1] = END
    return Ragged(tokens, lengths.cumsum(0) - lengths, lengths)


def cpu_seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("width", 256), ("depth", 3), ("heads", 4), ("hidden", 512), ("vocabulary", 4000), ("tokens", 4096)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="bfloat16", choices=("float32", "bfloat16"))
    options = parser.parse_args()
    settle(options.threads, 0)
    measure(options)


def measure(options: argparse.Namespace) -> None:
    sizes = {"width": options.width, "depth": options.depth, "heads": options.heads, "hidden": options.hidden, "dropout": 0.1}
    settings = Train(learning_rate=1e-4, clip=1.0, precision=options.precision, epochs=options.turns + 1, patience=0)
    source, target = drawn(options.rows, options.vocabulary, 0), drawn(options.rows, options.vocabulary, 0)
    rows = Rows({"text": source}, target, START)
    order = EpochBatches(options.rows, 64, lengths=rows.lengths, target_lengths=rows.target_lengths, tokens=options.tokens)
    count = int(source.lengths.sum() + target.lengths.sum())
    task = Sequence.__new__(Sequence)  # the loss and the figures need no texts
    task.label_smoothing = 0.1

    torch.manual_seed(0)
    floor = Floor(options.vocabulary, *sizes.values())
    optimizer, device = build_optimizer(floor, settings), torch.device("cpu")
    ready = [rows[numbers] for numbers in order.batches()]

    def lean() -> None:
        floor.train()
        for inputs, wanted in ready:
            with autocast(device, options.precision):
                scores = floor(inputs["text"], inputs["target_in"])
                loss = F.cross_entropy(scores.float().flatten(0, 1), wanted.flatten(), ignore_index=0, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(floor.parameters(), settings.clip)
            optimizer.step()

    torch.manual_seed(0)
    shapes = {"text": {"vocabulary": options.vocabulary}, "target": {"shared": True}}
    model = Model(shapes, options.vocabulary, **sizes)
    few = loader(
        Rows({"text": source.rows(torch.arange(8))}, target.rows(torch.arange(8)), START), EpochBatches(8, 8, shuffle=False)
    )
    records = train(model, task, loader(rows, order), few, settings)
    weights = [sum(p.numel() for p in one.parameters()) for one in (floor, model)]
    print(
        f"{weights[0]:,} and {weights[1]:,} weights; {len(order)} batches of up to {options.tokens} tokens, {options.precision}"
    )
    best = [math.inf, math.inf]
    for turn in range(options.turns + 1):
        seconds = cpu_seconds(lean), cpu_seconds(lambda: next(records) and None)
        if turn:
            best = [min(before, now) for before, now in zip(best, seconds, strict=True)]
        print(
            f"turn {turn}: lean {count / seconds[0]:,.0f}, plainloop {count / seconds[1]:,.0f} tokens per CPU-second", flush=True
        )
    print(f"plainloop / lean: {best[0] / best[1]:.3f}")


if __name__ == "__main__":
    main()
