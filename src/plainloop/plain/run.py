"""The path of a run: read, split, prepare, batch, build, train, evaluate, save. Copied into ejected projects.

`plainloop train` and `python -m plain run.toml` both come through `run`; the order of its lines is the order of the work.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .batches import EpochBatches, Rows, class_weights, loader
from .checkpoint import Checkpoints, load_weights, save_weights, write_file, write_json
from .config import Augmentation, Config, Source
from .device import fits, settle
from .evaluate import as_cells, beside, evaluation_batches, finite_or_none, predictions_csv, score
from .faults import Fault
from .history import best_epoch, history_csv, history_of
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

    def texts(self, part: str) -> dict[str, list[str]]:
        """Of a task that writes texts the `truth` of its metrics: the targets as the rows have them; nothing of other tasks."""
        if not hasattr(self.preparation.task, "whole"):
            return {}
        return {"truth": self.preparation.task.whole(self.table[self.config.targets[0].name][self.split[part]])}


@dataclass
class Ready:
    """All that the loop needs: the model built, the rows encoded, the batches cut."""

    table: Table
    split: dict[str, np.ndarray]
    preparation: Preparation
    model: nn.Module
    batches: DataLoader
    evaluation: dict[str, DataLoader]  # of the parts that do not train


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
    section: str = "source"  # of run.toml, where the place is named
    run: str = ""  # the folder of that run.toml, where it is not the one at hand
    exit_code = 3

    def __post_init__(self) -> None:
        state = f"has SHA-256 {self.found_digest[:12]}" if self.found_digest else "is not there"
        self.what = f"The data has changed since the run was started: {self.files} {state}."
        self.expected = f"The files with SHA-256 {self.expected_digest[:12]}, as run.toml says."
        self.why = "Other rows give another model; going on would mix the two."
        place = f"{self.run}/run.toml" if self.run else "run.toml"
        self.fix = f"put the old file back, or write its new place into {place} under "
        self.fix += f"[{self.section}], or train a new run on the new one"

    @classmethod
    def example(cls) -> DataChanged:
        return cls("houses.csv", "8d969eef6ecad3c29a3a629280e686cf", "60303ae22b998861bce3b28f33eec1be")


def run(
    config: Config,
    home: Path,
    folder: Path,
    *,
    build: Callable[[Config, Preparation, Path], nn.Module] | None = None,
    before: Callable[[Ready], None] = lambda ready: None,
    on_record: Callable[[Record, Config], None] = lambda record, config: None,
    watch: Callable[[int, int], int] = lambda step, steps: 0,
    say: Callable[[str], None] = print,
    parts: tuple[str, ...] = ("train", "validation", "test"),
) -> Outcome:
    """Trains and judges the run that `config` describes; goes on from its checkpoints where it has some.

    home: the folder of run.toml, which its paths are relative to; folder: where the results are written.
    build: makes the model, in place of `build_model`. before: is shown what is ready before training begins, and may refuse it.
    watch: see `train`. say: is told of damaged checkpoints. parts: a search leaves the test rows out.
    Raises: Fault and its kinds, Stopped.
    """
    begun = time.perf_counter()
    ready = make_ready(config, home, build, parts)
    task, model, evaluation = ready.preparation.task, ready.model, ready.evaluation
    checkpoints = Checkpoints(folder / "checkpoints", run_id(config), config.train.checkpoint_seconds)
    history, written = history_of(checkpoints), time.monotonic()
    for damaged in checkpoints.damaged:
        say(f"The checkpoint {damaged} is damaged and was set aside; going on from the one before it.")
    if not history:
        before(ready)
    records = train(
        model,
        task,
        ready.batches,
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
        if fault.best_epoch:
            write_file(folder / "history.csv", history_csv(history))
            save_fitted(config, model, ready.preparation, ready.split, folder)
        raise replace(fault, rows=ready.split["train"][fault.rows].tolist()) from None  # as row numbers of the source

    forward = forward_of(model, config)
    scores = {part: score(model, task, batches, config.train.precision, forward) for part, batches in evaluation.items()}
    targets = {part: batches.dataset.targets() for part, batches in evaluation.items()}  # type: ignore[attr-defined]  # Rows
    if hasattr(task, "calibrate"):  # a forecast: intervals as wide as the errors on the validation rows; labels: thresholds
        task.calibrate(scores["validation"], targets["validation"])
    best = best_epoch(history, task, config.train.keep)
    ending = why_ended(len(history.get("epoch", [])), best, config.train)
    seconds = time.perf_counter() - begun
    split = {part: rows if part in parts else rows[:0] for part, rows in ready.split.items()}
    outcome = Outcome(config, ready.table, split, ready.preparation, model.cpu(), scores, targets, history, best, seconds, ending)
    save(outcome, folder)
    return outcome


def make_ready(
    config: Config,
    home: Path,
    build: Callable[[Config, Preparation, Path], nn.Module] | None = None,
    parts: tuple[str, ...] = ("train", "validation", "test"),
) -> Ready:
    """Reads, splits, prepares, builds the model and cuts the batches.

    Raises: Fault and its kinds.
    """
    settle(config.machine.threads, config.machine.seed)
    return ready_from(read_table(config, home), config, home, build, parts)


def read_table(config: Config, home: Path) -> Table:
    """The rows of the run. Raises: DataChanged, and what its reader raises."""
    reader = import_module(f".readers.{config.source.reader}", __package__)
    source = located(config.source, home)
    check_data(source, reader)
    table = reader.read(source, config.columns)
    check_pictures(config, table)
    return table


def ready_from(
    table: Table,
    config: Config,
    home: Path,
    build: Callable[[Config, Preparation, Path], nn.Module] | None = None,
    parts: tuple[str, ...] = ("train", "validation", "test"),
) -> Ready:
    """From a table to what the loop needs; the machine is settled already.

    Raises: Fault and its kinds.
    """
    device = torch.device(config.machine.device)
    split = split_rows(table, config.split, [table[column.name] for column in config.targets])
    preparation = Preparation.fit(config, table, split, own_tokenizer(config, home))
    near = device if config.machine.workers == 0 else torch.device("cpu")  # other processes cannot use the accelerator
    rows = {
        part: encode(preparation, table.rows(numbers), near) for part, numbers in split.items() if len(numbers) and part in parts
    }

    model = (build or build_model)(config, preparation, home)
    first_weights(model, config, home)
    model = model.to(device)
    sampled = config.task.balance == "sampler" and config.task.name not in ("Regression", "Forecast", "Sequence")
    weights = class_weights(rows["train"].target) if sampled else None
    order = EpochBatches(
        len(rows["train"]),
        config.train.batch_size,
        seed=config.machine.seed,
        weights=weights,
        lengths=rows["train"].lengths,
        target_lengths=rows["train"].target_lengths,
        tokens=config.train.batch_tokens,
    )
    evaluation = {part: evaluation_batches(rows[part], model, config.train.batch_size) for part in rows if part != "train"}
    return Ready(table, split, preparation, model, loader(rows["train"], order, config.machine.workers), evaluation)


def save_fitted(config: Config, model: nn.Module, preparation: Preparation, split: dict[str, np.ndarray], folder: Path) -> None:
    """Writes what answers need, and the split: weights, fitted state, row numbers."""
    save_weights(folder / "weights.safetensors", model.state_dict())
    write_json(folder / "prepared.json", preparation.state())
    for column in preparation.columns.values():
        if column.kind == "text" and hasattr(column, "tokenizer"):  # for other programs
            write_file(folder / "tokenizer.json", column.tokenizer)
    write_json(folder / "split.json", {"sha256": config.source.sha256, **{name: rows.tolist() for name, rows in split.items()}})


def save(outcome: Outcome, folder: Path) -> None:
    """Writes the results: weights, fitted state, split, history, metrics and predictions of the test rows."""
    task, part = outcome.preparation.task, "test" if "test" in outcome.scores else "validation"
    save_fitted(outcome.config, outcome.model, outcome.preparation, outcome.split, folder)
    write_file(folder / "history.csv", history_csv(outcome.history))
    write_file(folder / "predictions.csv", predictions_csv(*predicted(outcome, part)))
    figures = {
        name: finite_or_none(task.metrics(outcome.scores[name], outcome.targets[name], **outcome.texts(name)))
        for name in outcome.scores
    }
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


def predicted(outcome: Outcome, part: str) -> tuple[np.ndarray, dict[str, list[Any]]]:
    """The rows and the columns of predictions.csv; of a forecast, windows that do not overlap, a line for each step."""
    task, rows, scores, target = outcome.preparation.task, outcome.split[part], outcome.scores[part], outcome.targets[part]
    if outcome.config.task.file == "forecast":
        module = import_module(".forecasts", __package__)
        chosen = module.apart(outcome.table.rows(rows)[outcome.config.targets[0].name])
        columns = module.forecast_columns(outcome.config, outcome.table.rows(rows[chosen]), task, scores[chosen], target[chosen])
        return np.repeat(rows[chosen], task.horizon), columns
    truth = outcome.texts(part).get("truth") or as_cells(task.truth(target), getattr(task, "separator", ""))
    return rows, {**beside(outcome.config, outcome.table.rows(rows)), "truth": truth, **task.report_columns(scores)}


def encode(preparation: Preparation, table: Table, device: torch.device) -> Rows:
    """The rows of a table as tensors, on the accelerator where they fit."""
    rows = preparation.rows(table)
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


def own_tokenizer(config: Config, home: Path) -> str:
    """The JSON of the tokenizer of a pretrained model: the run's copy, else that of the model's directory; "" without one.

    Raises: DataChanged.
    """
    if config.text.tokens != "pretrained":
        return ""
    directory = home / config.model.directory
    for place in (home, directory):
        if (place / "tokenizer.json").is_file():
            return (place / "tokenizer.json").read_text(encoding="utf-8")
    raise DataChanged(f"the pretrained model {directory}", config.model.sha256, "", "model")


def first_weights(model: Any, config: Config, home: Path) -> None:
    """Gives a pretrained model the weights of its directory, unless the run has its own. Raises: DataChanged, NotPretrained."""
    if config.model.directory and not (home / "initial.safetensors").exists():
        directory = home / config.model.directory
        found = import_module(f".models.{config.model.file}", __package__).digest(directory)
        if found != config.model.sha256:
            raise DataChanged(f"the pretrained model {directory}", config.model.sha256, found, "model")
        model.begin_with(directory)


def augmentation(config: Config) -> Callable[[dict[str, Tensor], int, int], Any] | None:
    """What changes the inputs of a batch while training; None where nothing does."""
    if replace(config.augment, flip_average=False) == Augmentation() or not of_pictures(config):
        return None
    return import_module(".augment", __package__).Augment(config.augment, config.machine.seed)


def forward_of(model: nn.Module, config: Config) -> Callable[[dict[str, Tensor]], Tensor]:
    """The model as it predicts: itself, or with its view of the mirror image."""
    mirrored = config.augment.flip_average and of_pictures(config)
    return partial(import_module(".augment", __package__).flip_average, model) if mirrored else model


def of_pictures(config: Config) -> bool:
    return any(column.type == "image" for column in config.inputs)


def located(source: Source, home: Path) -> Source:
    """The source with its paths seen from here."""

    def seen(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(home / path) for path in paths)

    return replace(source, data=seen(source.data), validation=seen(source.validation), test=seen(source.test))


def check_data(source: Source, reader: Any) -> None:
    """Raises: DataChanged where the files are gone or not those whose digest run.toml holds."""
    files = [*source.data, *source.validation, *source.test]
    if absent := [path for path in files if not Path(path).exists()]:
        raise DataChanged(os.path.normpath(absent[0]), source.sha256, "")
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
    """What a checkpoint must share with a run to be its own: a digest of the config but the files' places.

    Values that are the default are left out, so that a run can go on after an update of the code that knows more settings.
    """
    source, model = replace(config.source, data=(), validation=(), test=()), replace(config.model, directory="")
    said = without_defaults(replace(config, source=source, model=model))
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def without_defaults(value: Any) -> Any:
    """The values of a dataclass, and of those within it, that are not the default of their field."""
    if isinstance(value, tuple):
        return [without_defaults(item) for item in value]
    if not is_dataclass(value):
        return value
    return {f.name: without_defaults(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) != f.default}


def weights_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
