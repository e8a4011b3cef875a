"""Small made-up data for the tests of the plain ring: tables in memory, CSV files, and the command line in a process."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from outcomes import words
from plainloop.plain import config as c
from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.prepare import Preparation
from plainloop.plain.split import split_rows
from plainloop.plain.table import Table

SOURCE = Path(__file__).parent.parent / "src"
KINDS = ("Binary", "Multiclass", "Multilabel", "Regression")
FILES = {"Binary": "classify", "Multiclass": "classify", "Multilabel": "multilabel", "Regression": "regress"}
INPUTS = {
    "a": "number",
    "b": "number",
    "gaps": "number",
    "city": "category",
    "when": "datetime",
    "member": "boolean",
    "tags": "tags",
}


@dataclass
class Case:
    """A prepared table: what a run has before its model is built."""

    config: c.Config
    table: Table
    split: dict[str, np.ndarray]
    preparation: Preparation

    @property
    def task(self) -> Any:
        return self.preparation.task

    def rows(self, part: str) -> Rows:
        table = self.table.rows(self.split[part])
        return Rows(self.preparation.inputs(table), self.preparation.target(table))

    def batches(self, part: str = "train", batch_size: int = 32, seed: int = 0, **options: Any) -> DataLoader:
        rows = self.rows(part)
        return loader(rows, EpochBatches(len(rows), batch_size, seed=seed, shuffle=part == "train", **options))


def case(kind: str = "Binary", *, rows: int = 240, inputs: Iterable[str] = INPUTS, seed: int = 0, **task: Any) -> Case:
    """Rows whose target depends on a, b and city; `inputs` names the columns that the model gets."""
    rng = np.random.default_rng(seed)
    a, b, city = rng.normal(size=rows), rng.normal(size=rows), rng.integers(0, 4, rows)
    signal = a + 0.5 * b + 0.7 * city + 0.3 * rng.normal(size=rows)
    cells: dict[str, Any] = {
        "a": a,
        "b": b,
        "gaps": np.where(np.arange(rows) % 7 == 0, np.nan, rng.normal(size=rows)),
        "city": words([None if i % 11 == 0 else ("Oslo", "Lima", "Rome", "Bonn")[k] for i, k in enumerate(city)]),
        "when": 1.6e9 + rng.integers(0, 10**8, rows).astype(float),
        "member": (rng.random(rows) > 0.5).astype(float),
        "tags": words([";".join(t for t in ("red", "green") if rng.random() > 0.5) or None for _ in range(rows)]),
    }
    targets = [c.Column(name="target", type="number" if kind == "Regression" else "category", role="target")]
    if kind == "Binary":
        cells["target"] = words(["yes" if value > 1 else "no" for value in signal])
    elif kind == "Multiclass":
        cells["target"] = words([("low", "middle", "high")[i] for i in np.searchsorted([0.3, 1.5], signal)])
    elif kind == "Multilabel":
        targets = [c.Column(name=name, type="boolean", role="target") for name in ("hot", "wet", "windy")]
        cells |= {column.name: (signal > i * 0.7).astype(float) for i, column in enumerate(targets)}
    else:
        cells["target"] = 1000 + 300 * signal
    columns = [c.Column(name=name, type=INPUTS[name], separator=";" if name == "tags" else "") for name in inputs]
    config = c.Config(
        source=c.Source(reader="tables", format="csv", data=("weather.csv",)),
        columns=(*columns, *targets),
        split=c.Split(kind="random", validation=0.2, test=0.2),
        task=c.Task(name=kind, file=FILES[kind], **task),
        model=c.Model(file="table_linear"),
        train=c.Train(),
        machine=c.Machine(),
    )
    table = Table(cells, {"data": range(rows)})
    split = split_rows(table, config.split, [cells[column.name] for column in targets])
    return Case(config, table, split, Preparation.fit(config, table, split))


def write_csv(path: Path, kind: str = "Binary", *, rows: int = 300, seed: int = 0) -> Path:
    """A CSV file with the columns a, b (with gaps), city, day and the target `label` or `price`."""
    rng = np.random.default_rng(seed)
    a, b, city = rng.normal(size=rows), rng.normal(size=rows), rng.integers(0, 3, rows)
    signal = a + 0.5 * b + 0.7 * city + 0.3 * rng.normal(size=rows)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "city", "day", "price" if kind == "Regression" else "label"])
        for i in range(rows):
            label = "yes" if signal[i] > 0.8 else "no"
            if kind == "Multiclass":
                label = ("low", "middle", "high")[int(np.searchsorted([0.3, 1.5], signal[i]))]
            day = f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}"
            gap = "" if i % 9 == 0 else f"{b[i]:.3f}"
            answer = f"{200 + 30 * signal[i]:.2f}" if kind == "Regression" else label
            writer.writerow([f"{a[i]:.4f}", gap, ("Oslo", "Lima", "Rome")[city[i]], day, answer])
    return path


def environment() -> dict[str, str]:
    """The environment of a process that runs this source tree on one thread."""
    paths = [str(SOURCE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "OMP_NUM_THREADS": "1"}


def plainloop(*arguments: str | int | Path, start: bool = False) -> Any:
    """`python -m plainloop ARGUMENTS...`: its result, or with `start` the process itself."""
    command = [sys.executable, "-m", "plainloop", *map(str, arguments)]
    if start:
        return subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=False)


def forked(*arguments: str | int | Path, output: int | None = None) -> Any:
    """The same in a process of its own that is forked from one that has done the imports already, which take seconds.

    output: the file descriptor to write to in place of stdout and stderr. The process has pid, exitcode, kill() and join().
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["plainloop.training", "plainloop.judge.report", "sklearn.metrics", "torch._dynamo"])
    process = context.Process(target=_as_command, args=([str(word) for word in arguments], output and DupFd(output)))
    process.start()
    return process


def said(*arguments: str | int | Path) -> tuple[int, str]:
    """The exit code of a command in a forked process, and what it printed, stderr included."""
    with tempfile.TemporaryFile() as file:
        process = forked(*arguments, output=file.fileno())
        process.join(timeout=120)
        file.seek(0)
        return process.exitcode, file.read().decode()


def _as_command(words_: list[str], output: Any) -> None:
    from plainloop.cli import main

    handle = output.detach() if output else os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(handle, stream)
    main(words_)


def history_of(run: Path) -> list[list[str]]:
    """The rows of history.csv without what depends on the clock."""
    with open(run / "history.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    kept = [i for i, name in enumerate(rows[0]) if name not in ("seconds", "rows_per_second")]
    return [[row[i] for i in kept] for row in rows]


def metrics_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def same_tensors(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def exact_mean(values: Sequence[float]) -> float:
    return float(np.mean(np.asarray(values, np.float64)))
