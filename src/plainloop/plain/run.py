"""The path of a run: read, split, prepare, batch, build, train, evaluate, save. Copied into ejected projects.

`plainloop train` and `python -m plain run.toml` both come through `run`; the order of its lines is the order of the work.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .batches import EpochBatches, Rows, class_weights, loader
from .checkpoint import Checkpoints, load_weights, save_weights, write_file, write_json
from .config import Augmentation, Config, Source
from .device import fits, settle
from .evaluate import evaluation_batches, finite_or_none, predictions_csv, score
from .faults import Fault
from .loop import NonFiniteLoss, Record, train, why_ended
from .prepare import Preparation, column_class
from .split import split_rows
from .table import Table


@dataclass
class Outcome:
    """What a run gave. Scores are raw, on the CPU; `parts` of scores and targets are "validation" and "test"."""

    config: Config
    table: Table
    split: dict[str, np.ndarray]
    preparation: Preparation
    model: nn.Module
    scores: dict[str, Tensor]
    targets: dict[str, Tensor]
    history: dict[str, list[Any]]
    best_epoch: int
    seconds: float
    ending: str


@dataclass(eq=False)
class DataChanged(Fault):
    """The files of a run are gone or not the ones it was started on.

    What it does: refuses to resume, with exit code 3, where a file is gone or has other bytes than when the run was started.
    Why: other rows give another model; going on would mix the two.
    Example: `plainloop resume runs/houses-1` after houses.csv was edited
    Fix: put the old file back, or train a new run on the new one.
    """

    files: str
    expected_digest: str
    found_digest: str
    exit_code = 3

    def __post_init__(self) -> None:
        state = f"has SHA-256 {self.found_digest[:12]}" if self.found_digest else "is not there"
        self.what = f"The data has changed since the run was started: {self.files} {state}."
        self.expected = f"The files with SHA-256 {self.expected_digest[:12]}, as run.toml says."
        self.why = "Other rows give another model; going on would mix the two."
        self.fix = "put the old file back, or write its new place into run.toml under [source], or train a new run on the new one"

    @classmethod
    def example(cls) -> DataChanged:
        return cls("houses.csv", "8d969eef6ecad3c29a3a629280e686cf", "60303ae22b998861bce3b28f33eec1be")


def run(
    config: Config,
    home: Path,
    folder: Path,
    *,
    build: Callable[[Config, Preparation, Path], nn.Module] | None = None,
    before: Callable[[nn.Module, Preparation, Rows], None] = lambda model, preparation, rows: None,
    on_record: Callable[[Record, Config], None] = lambda record, config: None,
    watch: Callable[[int, int], int] = lambda step, steps: 0,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Trains and judges the run that `config` describes; goes on from its checkpoints where it has some.

    home: the folder of run.toml, which its paths are relative to; folder: where the results are written.
    build: makes the model, in place of `build_model`. before: is shown the model and the train rows before training begins, and
    may refuse them. watch: see `train`. say: is told of damaged checkpoints.
    Raises: Fault and its kinds, Stopped.
    """
    begun = time.perf_counter()
    settle(config.machine.threads, config.machine.seed)
    device = torch.device(config.machine.device)

    reader = import_module(f".readers.{config.source.reader}", __package__)
    source = located(config.source, home)
    check_data(source, reader)
    table = reader.read(source, config.columns)
    check_pictures(config, table)
    split = split_rows(table, config.split, [table[column.name] for column in config.targets])
    preparation = Preparation.fit(config, table, split)
    task = preparation.task
    near = device if config.machine.workers == 0 else torch.device("cpu")  # other processes cannot use the accelerator
    rows = {part: encode(preparation, table.rows(numbers), near) for part, numbers in split.items() if len(numbers)}

    model = (build or build_model)(config, preparation, home).to(device)
    sampled = config.task.balance == "sampler" and config.task.name != "Regression"
    weights = class_weights(rows["train"].target) if sampled else None
    order = EpochBatches(
        len(rows["train"]), config.train.batch_size, seed=config.machine.seed, weights=weights, lengths=rows["train"].lengths
    )
    checkpoints = Checkpoints(folder / "checkpoints", run_id(config), config.train.checkpoint_seconds)
    evaluation = {part: evaluation_batches(rows[part], model, config.train.batch_size) for part in rows if part != "train"}

    history, written = history_of(checkpoints), time.monotonic()
    for damaged in checkpoints.damaged:
        say(f"The checkpoint {damaged} is damaged and was set aside; going on from the one before it.")
    if not history:
        before(model, preparation, rows["train"])
    batches = loader(rows["train"], order, config.machine.workers)
    records = train(
        model,
        task,
        batches,
        evaluation["validation"],
        config.train,
        seed=config.machine.seed,
        checkpoints=checkpoints,
        watch=watch,
        augment=augmentation(config),
    )
    try:
        for record in records:
            for name, value in record.values.items():
                history.setdefault(name, []).append(value)
            on_record(record, config)
            if record.ending or time.monotonic() - written > 1.0:
                write_file(folder / "history.csv", history_csv(history))
                written = time.monotonic()
    except NonFiniteLoss as fault:
        save_weights(folder / "weights.safetensors", model.state_dict())
        raise replace(fault, rows=split["train"][fault.rows].tolist()) from None  # as row numbers of the source

    forward = forward_of(model, config)
    scores = {part: score(model, task, batches, config.train.precision, forward) for part, batches in evaluation.items()}
    targets = {part: rows[part].target.cpu() for part in scores}
    best = best_epoch(history, task)
    ending = why_ended(len(history.get("epoch", [])), best, config.train)
    seconds = time.perf_counter() - begun
    outcome = Outcome(config, table, split, preparation, model.cpu(), scores, targets, history, best, seconds, ending)
    save(outcome, folder)
    return outcome


def save(outcome: Outcome, folder: Path) -> None:
    """Writes the results: weights, fitted state, split, history, metrics and predictions of the test rows."""
    task, part = outcome.preparation.task, "test" if "test" in outcome.scores else "validation"
    save_weights(folder / "weights.safetensors", outcome.model.state_dict())
    write_json(folder / "prepared.json", outcome.preparation.state())
    for column in outcome.preparation.columns.values():
        if column.kind == "text":  # for other programs: prepared.json holds it too, and is what is read
            write_file(folder / "tokenizer.json", column.tokenizer)
    write_json(
        folder / "split.json",
        {"sha256": outcome.config.source.sha256, **{name: rows.tolist() for name, rows in outcome.split.items()}},
    )
    write_file(folder / "history.csv", history_csv(outcome.history))
    truth = as_cells(task.truth(outcome.targets[part]), getattr(task, "separator", ""))
    columns = {"truth": truth, **task.report_columns(outcome.scores[part])}
    write_file(folder / "predictions.csv", predictions_csv(outcome.split[part], columns))
    figures = {name: finite_or_none(task.metrics(outcome.scores[name], outcome.targets[name])) for name in outcome.scores}
    write_json(
        folder / "metrics.json",
        {
            "task": type(task).__name__.lower(),
            "headline": task.headline,
            **{
                name: {metric: {"value": value, "low": None, "high": None} for metric, value in values.items()}
                for name, values in figures.items()
            },
            "epochs": len(outcome.history.get("epoch", [])),
            "best_epoch": outcome.best_epoch,
            "seconds": round(outcome.seconds, 1),
            "rows": {
                "train": len(outcome.split["train"]),
                "val": len(outcome.split["validation"]),
                "test": len(outcome.split["test"]),
            },
        },
    )


def encode(preparation: Preparation, table: Table, device: torch.device) -> Rows:
    """The rows of a table as tensors, on the accelerator where they fit."""
    rows = Rows(preparation.inputs(table), preparation.target(table))
    size = sum(values.nbytes for values in [*rows.inputs.values(), rows.target])
    return rows.to(device) if fits(size, device) else rows


def build_model(config: Config, preparation: Preparation, home: Path) -> nn.Module:
    """The model that the config names, with the seed's first weights, or those of initial.safetensors where the run has them."""
    module = import_module(f".models.{config.model.file}", __package__)
    torch.manual_seed(config.machine.seed)
    model = getattr(module, config.model.name)(preparation.shapes, preparation.task.num_outputs, **config.model.settings)
    if (home / "initial.safetensors").exists():
        model.load_state_dict(load_weights(home / "initial.safetensors"))
    return model


def augmentation(config: Config) -> Callable[[dict[str, Tensor], int, int], Any] | None:
    """What changes the inputs of a batch while training; None where nothing does."""
    if replace(config.augment, flip_average=False) == Augmentation():
        return None
    return import_module(".augment", __package__).Augment(config.augment, config.machine.seed)


def forward_of(model: nn.Module, config: Config) -> Callable[[dict[str, Tensor]], Tensor]:
    """The model as it predicts: itself, or with its view of the mirror image."""
    return partial(import_module(".augment", __package__).flip_average, model) if config.augment.flip_average else model


def located(source: Source, home: Path) -> Source:
    """The source with its paths seen from here."""

    def seen(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(home / path) for path in paths)

    return replace(source, data=seen(source.data), validation=seen(source.validation), test=seen(source.test))


def check_data(source: Source, reader: Any) -> None:
    """Raises: DataChanged where the files are gone or not those whose digest run.toml holds."""
    files = [*source.data, *source.validation, *source.test]
    if absent := [path for path in files if not Path(path).exists()]:
        raise DataChanged(absent[0], source.sha256, "")
    found = reader.digest(files)
    if source.sha256 and found != source.sha256:
        raise DataChanged(", ".join(Path(path).name for path in source.data), source.sha256, found)


def check_pictures(config: Config, table: Table) -> None:
    """Raises: DataChanged where the pictures that a table names are not those whose digest run.toml holds."""
    for column in config.inputs:
        found = column_class(column.type).digest(table[column.name]) if column.sha256 else ""
        if found != column.sha256:
            raise DataChanged(f"the pictures of column {column.name}", column.sha256, found)


def run_id(config: Config) -> str:
    """What a checkpoint must share with a run to be its own: a digest of the whole config but the files' places."""
    text = repr(replace(config, source=replace(config.source, data=(), validation=(), test=())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def history_of(checkpoints: Checkpoints) -> dict[str, list[Any]]:
    saved = checkpoints.load()
    return {} if saved is None else {name: list(values) for name, values in saved[1]["progress"]["history"].items()}


def history_csv(history: dict[str, list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(history)
    writer.writerows(zip(*history.values(), strict=True))
    return text.getvalue()


def best_epoch(history: dict[str, list[Any]], task: Any) -> int:
    """The epoch whose weights were kept: the best headline metric on the validation rows, the lower loss between equals."""
    sign = -1 if task.higher_is_better else 1
    ranked = [
        (sign * score, loss, epoch)
        for score, loss, epoch in zip(
            history.get(f"val_{task.headline}", []), history.get("val_loss", []), history.get("epoch", []), strict=True
        )
        if score == score
    ]
    return min(ranked)[2] if ranked else 0


def as_cells(values: list[Any], separator: str) -> list[Any]:
    """Truth as predictions.csv shows it: a list of labels in one cell."""
    return [(separator or ",").join(value) if isinstance(value, list) else value for value in values]


def record_line(record: Record, config: Config) -> str:
    """One epoch in one line."""
    values = record.values
    rates = [name.removeprefix("train_") for name in values if name.startswith("train_")]  # the loss, the headline, the rest
    second = "accuracy" if "log_loss" in rates else rates[1]  # the log loss is the loss, or nearly
    shown = [f"{part}_{name}" for name in ("loss", second) for part in ("train", "val")]
    figures = "  ".join(f"{name} {values[name]:.4g}" for name in shown)
    width = len(str(config.train.epochs))
    rest = f"lr {values['learning_rate']:.2g}  {values['seconds']:.1f} s{'  *' if record.best else ''}"
    return f"epoch {values['epoch']:{width}}/{config.train.epochs}  {figures}  {rest}"


def weights_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
