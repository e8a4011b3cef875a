"""What each setting against overfitting does to the curves: one table, on a real data set.

    python bench/regularization.py [FILE TARGET [ROWS [SEEDS]]]
    python bench/regularization.py --images [FOLDER [SEEDS]]       # mixup, cutmix and the other changes of images

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
PLAIN_IMAGES: dict[str, Any] = {
    "epochs": EPOCHS,
    "patience": 0,
    "keep": "best",
    "schedule": "constant",
    "learning_rate": 2e-3,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
}
OF_IMAGES: list[tuple[str, dict[str, Any]]] = [
    ("none of them", {}),
    ("augment.mixup=0.2", {"augment.mixup": 0.2}),
    ("augment.mixup=1", {"augment.mixup": 1.0}),
    ("augment.cutmix=1", {"augment.cutmix": 1.0}),
    ("augment.flip, zoom=0.35", {"augment.flip": True, "augment.zoom": 0.35}),
    ("label_smoothing=0.1", {"label_smoothing": 0.1}),
    ("weight_decay=0.3", {"weight_decay": 0.3}),
]


def few(file: str, rows: int, folder: Path) -> Path:
    """The first rows of a CSV file."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    path = folder / "few.csv"
    path.write_text("\n".join(lines[: rows + 1]) + "\n", encoding="utf-8")
    return path


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as home:
        if words[:1] == ["--images"]:
            file, rest = words[1] if len(words) > 1 else str(DATA / "image/pizza_steak_sushi"), words[2:]
            asked = {**PLAIN_IMAGES, "model": "image_convnet", "image_size": "48", "augment": "none"}
            seeds, settings = int((rest or ["3"])[0]), OF_IMAGES
            print(f"{Path(file).name}, images of 48 pixels, {seeds} seeds, mean over them")
        else:
            file, target = words[:2] or [str(DATA / "table/telco_churn/Telco-Customer-Churn.csv"), "Churn"]
            rows, seeds = (int(word) for word in (words[2:4] + ["1500", "3"][len(words[2:4]) :]))
            asked, settings = {**PLAIN, "model": "table_mlp", "target": target}, SETTINGS
            print(f"{Path(file).name}, {rows:,} rows, {seeds} seeds, mean over them")
            file = str(few(file, rows, Path(home)))
        given = {name: asked.pop(name) for name in ("model", "target", "image_size", "augment") if name in asked}
        options = TrainOptions(**given, set=[f"{name}={value}" for name, value in asked.items()])
        decided = decide(file, options, Talk(quiet=True), lambda name="data": Path(home) / "base")
        decided.place.mkdir(exist_ok=True)
        write_run(decided)
        table(decided, settings, seeds, Path(home) / "trials")


def table(decided: Any, settings: list[tuple[str, dict[str, Any]]], seeds: int, folder: Path) -> None:
    print(f"{'setting':24} {'best epoch':>10} {'train loss':>10} {'val loss':>9} {'gap':>7} {'rise':>7}   validation score")
    for name, values in settings:
        places = [folder / f"{name}-{seed}" for seed in range(seeds)]
        lines = [figures(decided, {**values, "machine.seed": seed}, place) for seed, place in enumerate(places)]
        means = [statistics.fmean(column) for column in zip(*lines, strict=True)]
        spread = statistics.stdev(line[-1] for line in lines) if seeds > 1 else 0.0
        best, train, val, gap, rise, score = means
        print(
            f"{name:24} {best:10.1f} {train:10.3f} {val:9.3f} {gap:+7.3f} {rise:+7.3f}   {score:.4f} +- {spread:.4f}",
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
