"""The history of a run: a row per epoch, as a line and as history.csv; the best epoch. Copied into ejected projects."""

from __future__ import annotations

import csv
import io
from typing import Any

from .checkpoint import Checkpoints
from .config import Config
from .loop import Record


def history_of(checkpoints: Checkpoints) -> dict[str, list[Any]]:
    saved = checkpoints.load()
    return {} if saved is None else {name: list(values) for name, values in saved[1]["progress"]["history"].items()}


def history_csv(history: dict[str, list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(history)
    writer.writerows(zip(*history.values(), strict=True))
    return text.getvalue()


def best_epoch(history: dict[str, list[Any]], task: Any, keep: str = "best") -> int:
    """The epoch whose weights were kept: the last, or the one with the best headline metric on the validation rows, the lower
    loss between equals."""
    if keep == "last":
        return max(history.get("epoch", []), default=0)
    sign = -1 if task.higher_is_better else 1
    ranked = [
        (sign * score, loss, epoch)
        for score, loss, epoch in zip(
            history.get(f"val_{task.headline}", []), history.get("val_loss", []), history.get("epoch", []), strict=True
        )
        if score == score
    ]
    return min(ranked)[2] if ranked else 0


def figure(value: float) -> str:
    """A number with four digits, large ones without a power of ten.

    >>> figure(0.66147), figure(103512.4), figure(float("nan"))
    ('0.6615', '103,512', 'nan')
    """
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def record_line(record: Record, config: Config) -> str:
    """One epoch in one line."""
    values = record.values
    rates = [name.removeprefix("train_") for name in values if name.startswith("train_")]  # the loss, the headline, the rest
    second = "accuracy" if "log_loss" in rates else rates[1]  # the log loss is the loss, or nearly
    shown = [f"{part}_{name}" for name in ("loss", second) for part in ("train", "val")]
    figures = "  ".join(f"{name} {figure(values[name])}" for name in shown)
    width = len(str(config.train.epochs))
    star = "  *" if record.best and config.train.keep == "best" else ""
    rest = f"lr {values['learning_rate']:.2g}  {values['seconds']:.1f} s{star}"
    return f"epoch {values['epoch']:{width}}/{config.train.epochs}  {figures}  {rest}"
