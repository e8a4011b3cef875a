"""The cost of the loop: CPU seconds of train plus validation per epoch, as ratios to the leanest hand-written loop.

    python bench/loop.py [rounds [workload ...]]

Three loops train the same network on the same tensors, one thread, interleaved in one process: `floor` cuts batches out of staged
tensors and keeps nothing but a loss; `classic` is the tutorial's DataLoader over a TensorDataset with loss and accuracy by
.item(); `plainloop` is this project's own batches, task and loop, with its exact history. The sizes are those of the workloads
W1 (36,177 rows, 6 numbers and 8 categories, batch 256), W2 (100,000 x 54 floats, 7 classes, MLP 256-256, batch 1024), W3
(3,000 grey images of 28 pixels, a CNN of two convolutions, batch 128), W4 (6,400 texts of 10 to 60 tokens out of 20,000, an LSTM
of 64 over vectors of 64, batch 128) and W5 (13,505 windows of 7 series, 336 steps to the next 96, a linear map of the moving
average and one of the rest, batch 32). In W3 plainloop computes the same function in the layout that its own image models use:
channels last, ReLU behind the pooling; `bfloat16` is the same with that setting on. In W4 the floor packs the rows, as tutorials
do, and plainloop's own text_rnn computes the same function on padded batches of like length, state read at the last token. In W5
it is the same function as plainloop's series_linear writes it: the average folded into the weights, the two biases one.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.config import Train
from plainloop.plain.evaluate import evaluation_batches
from plainloop.plain.loop import train
from plainloop.plain.models import series_linear, text_rnn
from plainloop.plain.ragged import Ragged
from plainloop.plain.slices import Slices
from plainloop.plain.tasks.classify import Multiclass
from plainloop.plain.tasks.forecast import Forecast

EPOCHS = 4  # the first warms up and is dropped
LOOKBACK, HORIZON, VARIABLES, KERNEL = 336, 96, 7, 25
CARDINALITIES = [9, 16, 7, 15, 6, 5, 2, 42]
VOCABULARY, WIDTH = 20_000, 64
Data = tuple[dict[str, Any], Tensor]  # a Tensor of all rows, or Ragged rows of tokens


class Mixed(nn.Module):
    """W1: embeddings of 8, then 256-256 with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, 8) for size in CARDINALITIES)
        self.net = nn.Sequential(
            nn.Linear(70, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 2)
        )

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        codes = inputs["categories"].unbind(1)
        return self.net(torch.cat([inputs["numbers"], *(table(code) for table, code in zip(self.tables, codes, strict=True))], 1))


class Numbers(nn.Module):
    """W2: 256-256."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(54, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 7))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.net(inputs["numbers"])


class Images(nn.Module):
    """W3: two convolutions, 128. The tutorial's order: ReLU, then pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["image"].float().mul(1 / 255 / 0.31).sub(0.13 / 0.31)
        return self.net(F.max_pool2d(self.second(F.max_pool2d(self.first(x).relu(), 2)).relu(), 2))


class FastImages(Images):
    """The same function: the largest of rectified values is the rectified largest value."""

    def __init__(self) -> None:
        super().__init__()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["image"].to(memory_format=torch.channels_last).float().mul(1 / 255 / 0.31).sub(0.13 / 0.31)
        return self.net(F.max_pool2d(self.second(F.max_pool2d(self.first(x), 2).relu()), 2).relu())


class Series(nn.Module):
    """W5: DLinear as its authors wrote it, time first; every variable by the same two matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.rest, self.trend = nn.Linear(LOOKBACK, HORIZON), nn.Linear(LOOKBACK, HORIZON)
        self.average = nn.AvgPool1d(KERNEL, 1)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["series"].unflatten(1, (-1, VARIABLES))[:, :LOOKBACK]  # (B, L, V)
        ends = [x[:, :1].repeat(1, KERNEL // 2, 1), x, x[:, -1:].repeat(1, KERNEL // 2, 1)]
        trend = self.average(torch.cat(ends, 1).permute(0, 2, 1)).permute(0, 2, 1)
        y = self.rest((x - trend).permute(0, 2, 1)) + self.trend(trend.permute(0, 2, 1))  # (B, V, H)
        return y.permute(0, 2, 1).flatten(1)


def fast_series(model: Series) -> nn.Module:
    """The same function by plainloop's own model."""
    shapes = {"series": {"variables": VARIABLES, "targets": VARIABLES, "lookback": LOOKBACK, "horizon": HORIZON}}
    made = series_linear.Model(shapes, HORIZON * VARIABLES, normalise="none", kernel=KERNEL)
    with torch.no_grad():
        made.weight.copy_(model.rest.weight)
        made.trend.copy_(model.trend.weight)  # type: ignore[union-attr]
        made.bias.copy_(model.rest.bias + model.trend.bias)
    return made


class Words(nn.Module):
    """W4: an LSTM over packed rows, the state behind the last token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
        self.lstm, self.head = nn.LSTM(WIDTH, WIDTH, batch_first=True), nn.Linear(WIDTH, 4)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        text = inputs["text"]  # (B, T)
        lengths = (text != 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.tokens(text), lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.lstm(packed)[1][0][-1])


def fast_words(model: Words) -> nn.Module:
    """The same function by plainloop's own model."""
    shapes = {"text": {"vocabulary": VOCABULARY, "length": 60}}
    made = text_rnn.Model(shapes, 4, cell="lstm", width=WIDTH, directions=1, pooling="last", dropout=0.0)
    weights = {name.replace("lstm.", "layers.0."): values for name, values in model.state_dict().items()}
    made.load_state_dict(weights)
    return made


def text_rows(rows: int) -> Data:
    """Tokens drawn by Zipf's law; a tenth of them tell the class."""
    random = np.random.default_rng(rows)
    lengths, target = random.integers(10, 61, rows), random.integers(0, 4, rows)
    tokens = random.zipf(1.2, lengths.sum()) % (VOCABULARY - 5) + 5
    tokens = np.where(random.random(len(tokens)) < 0.1, np.repeat(target, lengths) + 1, tokens).astype(np.int32)
    sizes = torch.from_numpy(lengths)
    return {"text": Ragged(torch.from_numpy(tokens), sizes.cumsum(0) - sizes, sizes)}, torch.from_numpy(target)


def padded(rows: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """A batch of the tutorial's loop."""
    return nn.utils.rnn.pad_sequence([text for text, _ in rows], batch_first=True), torch.stack([label for _, label in rows])


class Lines(Dataset):
    """One text at a time, for the tutorial's loop."""

    def __init__(self, texts: Ragged, target: Tensor):
        self.texts = [row[row > 0] for row in texts.index_select(0, torch.arange(len(texts)))]
        self.target = target

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return self.texts[row], self.target[row]


def window_rows(rows: int) -> Data:
    """Windows of daily waves and noise, look-back and horizon in one stretch, cut as strided rows."""
    steps = rows + LOOKBACK + HORIZON - 1
    generator = torch.Generator().manual_seed(rows)
    waves = torch.sin(torch.arange(steps)[:, None] * 2 * torch.pi / 24 + torch.arange(VARIABLES))
    series = waves + 0.5 * torch.randn(steps, VARIABLES, generator=generator)
    windows = series.as_strided((rows, (LOOKBACK + HORIZON) * VARIABLES), (VARIABLES, 1))
    return {"series": windows}, windows[:, LOOKBACK * VARIABLES :]


def sliced(windows: Data) -> Rows:
    """The same windows as plainloop cuts them."""
    count = len(windows[1])
    steps = count + LOOKBACK + HORIZON - 1
    data = windows[0]["series"].as_strided((VARIABLES, steps), (1, VARIABLES)).contiguous()
    starts = torch.arange(count)
    target = Slices(data, starts + LOOKBACK, HORIZON, steps_first=True)
    return Rows({"series": Slices(data, starts, LOOKBACK)}, target)


def image_rows(rows: int) -> Data:
    generator = torch.Generator().manual_seed(rows)
    prototypes = torch.randint(256, (10, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    target = torch.randint(10, (rows,), generator=generator)
    noise = torch.randint(128, (rows, 1, 28, 28), generator=generator)
    return {"image": (prototypes[target] / 2 + noise).byte()}, target


def mixed_rows(rows: int) -> Data:
    generator = torch.Generator().manual_seed(rows)
    numbers = torch.randn(rows, 6, generator=generator)
    categories = torch.stack([torch.randint(size, (rows,), generator=generator) for size in CARDINALITIES], 1)
    return {"numbers": numbers, "categories": categories}, (numbers.sum(1) + categories[:, 0] - 4 > 0).long()


def number_rows(rows: int) -> Data:
    generator = torch.Generator().manual_seed(rows)
    numbers = torch.randn(rows, 54, generator=generator)
    return {"numbers": numbers}, (numbers @ torch.randn(54, 7, generator=torch.Generator().manual_seed(0))).argmax(1)


WORKLOADS = {
    "W1": (mixed_rows, Mixed, 36_177, 9_045, 256, 2),
    "W2": (number_rows, Numbers, 100_000, 25_000, 1024, 7),
    "W3": (image_rows, Images, 3_000, 600, 128, 10),
    "W4": (text_rows, Words, 6_400, 1_600, 128, 4),
    "W5": (window_rows, Series, 13_505, 3_389, 32, 0),
}
VALIDATION_BATCH: dict[type, int] = {Mixed: 4096, Numbers: 8192, Images: 1000, Words: 512, Series: 512}  # of the floor


def loss_of(scores: Tensor, wanted: Tensor) -> Tensor:
    return F.mse_loss(scores, wanted) if wanted.is_floating_point() else F.cross_entropy(scores, wanted)


def figure_of(scores: Tensor, wanted: Tensor) -> Tensor:
    """The rows that are right, or the absolute errors."""
    return (scores - wanted).abs().sum() if wanted.is_floating_point() else (scores.argmax(1) == wanted).sum()


def floor(model: nn.Module, rows: Data, validation: Data, batch: int, classes: int) -> Iterator[float]:
    """The leanest loop: staged tensors, index_select, fused AdamW, a loss sum; validation in large batches."""
    (inputs, target), (val_inputs, val_target) = rows, validation
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    for _ in range(EPOCHS):
        model.train()
        total = torch.zeros(())
        for rows_of in torch.randperm(len(target)).split(batch):
            scores = model({k: v.index_select(0, rows_of) for k, v in inputs.items()})
            loss = loss_of(scores, target.index_select(0, rows_of))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.detach() * len(rows_of)
        model.eval()
        val_loss, hits = torch.zeros(()), torch.zeros(())
        with torch.inference_mode():
            for rows_of in torch.arange(len(val_target)).split(VALIDATION_BATCH[type(model)]):
                wanted = val_target.index_select(0, rows_of)
                scores = model({k: v.index_select(0, rows_of) for k, v in val_inputs.items()})
                val_loss += loss_of(scores, wanted) * len(rows_of)
                hits += figure_of(scores, wanted)
        yield float(val_loss / len(val_target))


def classic(model: nn.Module, rows: Data, validation: Data, batch: int, classes: int) -> Iterator[float]:
    """The tutorial's loop: one row at a time through a DataLoader, figures by .item()."""
    names = list(rows[0])
    kind, collate = (Lines, padded) if isinstance(model, Words) else (TensorDataset, None)
    train_loader = DataLoader(kind(*rows[0].values(), rows[1]), batch, shuffle=True, collate_fn=collate)
    val_loader = DataLoader(kind(*validation[0].values(), validation[1]), batch, collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(EPOCHS):
        model.train()
        for *values, wanted in train_loader:
            optimizer.zero_grad()
            scores = model(dict(zip(names, values, strict=True)))
            loss = loss_of(scores, wanted)
            loss.backward()
            optimizer.step()
            loss.item()
            figure_of(scores, wanted).item()
        model.eval()
        total = 0.0
        with torch.no_grad():
            for *values, wanted in val_loader:
                scores = model(dict(zip(names, values, strict=True)))
                total += loss_of(scores, wanted).item() * len(wanted)
                figure_of(scores, wanted).item()
        yield total / len(validation[1])


def plainloop(
    model: nn.Module, rows: Data, validation: Data, batch: int, classes: int, precision: str = "float32"
) -> Iterator[float]:
    """This project's loop over its own batches."""
    if isinstance(model, Images):
        weights, model = model.state_dict(), FastImages()
        model.load_state_dict(weights)
    settings = Train(epochs=EPOCHS, batch_size=batch, patience=0, precision=precision)
    task: Any = Multiclass([str(label) for label in range(classes)])
    staged, held_out = Rows(*rows), Rows(*validation)
    if isinstance(model, Words):
        model = fast_words(model)
    if isinstance(model, Series):
        model, staged, held_out = fast_series(model), sliced(rows), sliced(validation)
        task = Forecast(HORIZON, 24, "mse", [{"names": [""], "mean": [0.0], "std": [1.0]}] * VARIABLES, [[1.0]] * VARIABLES)
    for record in train(
        model,
        task,
        loader(staged, EpochBatches(len(staged), batch, lengths=staged.lengths)),
        evaluation_batches(held_out, model, batch),
        settings,
    ):
        yield record.values["val_loss"]


def bfloat16(model: nn.Module, rows: Data, validation: Data, batch: int, classes: int) -> Iterator[float]:
    """The same with bfloat16 matrix products."""
    return plainloop(model, rows, validation, batch, classes, "bfloat16")


def measure(loop: Callable[..., Iterator[float]], name: str) -> tuple[list[float], float]:
    """CPU seconds of each epoch but the first, and the last validation loss."""
    make, kind, num_train, num_val, batch, classes = WORKLOADS[name]
    rows, validation = make(num_train), make(num_val)
    torch.manual_seed(0)
    epochs, last, losses = [], time.process_time(), []
    for val_loss in loop(kind(), rows, validation, batch, classes):
        now = time.process_time()
        epochs.append(now - last)
        losses.append(val_loss)
        last = now
    return epochs[1:], losses[-1]


def main() -> None:
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for name in sys.argv[2:] or WORKLOADS:
        loops = [floor, classic, plainloop, *([bfloat16] if name == "W3" else [])]
        seconds: dict[str, list[float]] = {loop.__name__: [] for loop in loops}
        losses: dict[str, float] = {}
        for _ in range(rounds):
            for loop in loops:
                epochs, losses[loop.__name__] = measure(loop, name)
                seconds[loop.__name__].append(statistics.median(epochs))
        base = seconds["floor"]
        for loop_name, values in seconds.items():
            ratios = [value / floor_value for value, floor_value in zip(values, base, strict=True)]
            print(
                f"{name} {loop_name:10} {statistics.median(values):.3f} CPU-s per epoch, "
                f"ratio to floor {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
                f"validation loss {losses[loop_name]:.4f}"
            )


if __name__ == "__main__":
    main()
