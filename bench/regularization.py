"""What each setting against overfitting does to the curves: one table, on a real data set.

    python bench/regularization.py [FILE TARGET [ROWS [SEEDS]]]

Trains a plain net, wide and without any of them, then the same net with one setting at a time, over some seeds and on few rows,
so that there is something to regularize. gap: validation loss less training loss at the best epoch; rise: how far the validation
loss climbs from its best epoch to the last one, which is what a setting against overfitting should take away.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from plainloop.adjust.attempt import attempt
from plainloop.options import TrainOptions
from plainloop.training import Talk, decide, write_run

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[2] / "shared" / "data"))
EPOCHS = 30
PLAIN: dict[str, Any] = {
    "epochs": EPOCHS,
    "patience": 0,
    "schedule": "constant",
    "learning_rate": 2e-3,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "members": 1,
    "width": 256,
}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("none of them", {}),
    ("weight_decay=0.3", {"weight_decay": 0.3}),
    ("dropout=0.5", {"dropout": 0.5}),
    ("label_smoothing=0.1", {"label_smoothing": 0.1}),
    ("ema=0.99", {"ema": 0.99}),
    ("clip=0.5", {"clip": 0.5}),
    ("patience=5", {"patience": 5}),
    ("members=8", {"members": 8}),
    ("schedule=one_cycle", {"schedule": "one_cycle", "warmup": 0.1}),
]


def few(file: str, rows: int, folder: Path) -> Path:
    """The first rows of a CSV file."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    path = folder / "few.csv"
    path.write_text("\n".join(lines[: rows + 1]) + "\n", encoding="utf-8")
    return path


def main(words: list[str]) -> None:
    file, target = words[:2] or [str(DATA / "table/telco_churn/Telco-Customer-Churn.csv"), "Churn"]
    rows, seeds = (int(word) for word in (words[2:4] + ["1500", "3"][len(words[2:4]) :]))
    with tempfile.TemporaryDirectory() as home:
        options = TrainOptions(target=target, model="table_mlp", set=[f"{name}={value}" for name, value in PLAIN.items()])
        decided = decide(str(few(file, rows, Path(home))), options, Talk(quiet=True), lambda name="data": Path(home) / "base")
        decided.place.mkdir(exist_ok=True)
        write_run(decided)
        print(f"{Path(file).name}, {rows:,} rows, {seeds} seeds, mean over them")
        print(f"{'setting':22} {'best epoch':>10} {'train loss':>10} {'val loss':>9} {'gap':>7} {'rise':>7}   validation score")
        for name, values in SETTINGS:
            lines = [figures(decided, {**values, "machine.seed": seed}, Path(home) / "trial") for seed in range(seeds)]
            means = [statistics.fmean(column) for column in zip(*lines, strict=True)]
            spread = statistics.stdev(line[-1] for line in lines) if seeds > 1 else 0.0
            best, train, val, gap, rise, score = means
            print(
                f"{name:22} {best:10.1f} {train:10.3f} {val:9.3f} {gap:+7.3f} {rise:+7.3f}   {score:.4f} +- {spread:.4f}",
                flush=True,
            )


def figures(decided: Any, values: dict[str, Any], folder: Path) -> tuple[float, ...]:
    """Best epoch, losses there, their gap, the rise of the validation loss until the end, and the headline score."""
    decided = replace(
        decided, config=replace(decided.config, machine=replace(decided.config.machine, seed=values.pop("machine.seed")))
    )
    done = attempt(decided, values, folder)
    history, place = done.history, done.history["epoch"].index(done.best_epoch)
    train, val = history["train_loss"][place], history["val_loss"][place]
    return done.best_epoch, train, val, val - train, history["val_loss"][-1] - val, done.value or float("nan")


if __name__ == "__main__":
    main(sys.argv[1:])
