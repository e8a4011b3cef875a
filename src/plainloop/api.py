"""The words of plainloop in Python; the command line has the same ones. Each is a few calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import DataOptions, TrainOptions, make
from .run_folder import Run, all_runs

if TYPE_CHECKING:
    from .training import Talk
    from .understand.check import Checked
    from .understand.look import Look


def train(source: Any, target: Any = None, *, metrics: Any = None, talk: Talk | None = None, **options: Any) -> Run:
    """Trains a model on labelled data, judges it on rows it has not seen, and saves it all as a run folder.

    source: a path or several, a folder or glob of files, a pandas or polars frame, a pair (X, y) of arrays, or a torch Dataset
    of (x, y). target: the column to learn, or several. options: the fields of `TrainOptions`, the same as on the command line
    (`plainloop train --help`), with `model` also an `nn.Module`. metrics: torchmetrics objects that are computed and kept too.

    Raises: PlainloopError, in words, for data or options that cannot be used.

    >>> run = plainloop.train("titanic.csv", target="Survived", epochs=20)  # doctest: +SKIP
    """
    prepare_threads()
    from .training import Talk, start

    if target is not None and not isinstance(target, str) and not all(isinstance(name, str) for name in target):
        source, target = (source, target), None  # train(X, y)
    return start(source, make(TrainOptions, {"target": target, **options}), metrics, talk or Talk())


def resume(run: str | Path, *, metrics: Any = None, talk: Talk | None = None) -> Run:
    """Goes on with a run that was stopped; the result is that of the run that was never stopped.

    metrics: the torchmetrics objects that it was begun with, where it was.

    Raises: NoRun, RunBusy, DataChanged, NoGoodCheckpoint.
    """
    prepare_threads()
    from .training import Talk, go_on

    return go_on(Path(run), metrics, talk or Talk())


def check(
    model: Any,
    data: Any = None,
    target: Any = None,
    *,
    task: str | None = None,
    loss: Any = None,
    optimizer: Any = None,
    device: Any = None,
    **options: Any,
) -> Checked:
    """Tries a model on one batch before training, on copies, and says in words what is wrong, where, and how to put it right.

    model: an `nn.Module` of your own, in any program of your own. data: a DataLoader, a Dataset of (x, y) or a pair (X, y).
    task: binary, multiclass, multilabel, regression or autoencoder; without a loss, torch's usual one for the task is taken.
    loss: a function of (scores, labels); optimizer: the one that will train; device: where training is to be.
    With a path or a frame as data, and its target: the model as `plainloop train` would train it; options: those of `train`.

    >>> plainloop.check(model, loader, loss=nn.CrossEntropyLoss(), optimizer=optimizer)  # doctest: +SKIP
    """
    prepare_threads()
    from .understand.check import check as check_on_batch

    if target is not None or is_source(data):
        from .understand.check_inside import check_source

        given = {"target": target, "task": task, "model": model, "device": device or "auto", **options}
        return check_source(data, make(TrainOptions, given))
    return check_on_batch(model, data, task=task, loss=loss, optimizer=optimizer, device=device)


def is_source(data: Any) -> bool:
    """Whether data is something that plainloop reads: a path, several, or a frame."""
    paths = isinstance(data, (str, Path)) or (isinstance(data, list) and all(isinstance(item, (str, Path)) for item in data))
    return paths or hasattr(data, "columns")


def inspect(source: Any, target: Any = None, **options: Any) -> Look:
    """What plainloop takes the data for: column types, roles, task, problems; each with its reason and its override."""
    from .understand.look import look

    seen = look(source, make(DataOptions, {"target": target, **options}))
    if any(column.type == "image" for column in seen.schema.columns):
        from .understand.look_images import write_class_sheet

        seen.sheet = str(write_class_sheet(seen) or "")
    return seen


def load(run: str | Path) -> Run:
    """A finished run. Raises: NoRun, RunNotFinished."""
    prepare_threads()
    return Run(run)


def predict(run: str | Path | Run, source: Any, output: str | Path | None = None) -> list[Any]:
    """Predictions of a run for new rows; with `output` also as CSV with probabilities."""
    return (run if isinstance(run, Run) else load(run)).predict(source, output)


def evaluate(run: str | Path | Run, source: Any) -> dict[str, Any]:
    """The metrics of a run, with intervals, on other labelled rows."""
    return (run if isinstance(run, Run) else load(run)).evaluate(source)


def eject(run: str | Path | Run, folder: str | Path, *, with_data: bool = False) -> Path:
    """Hands out the code of a run as a project that needs no plainloop."""
    return (run if isinstance(run, Run) else load(run)).eject(folder, with_data=with_data)


def export(run: str | Path | Run, format: str = "onnx", output: str | Path | None = None) -> Path:
    """The complete model of a run in one file: onnx, pt2 or state_dict."""
    return (run if isinstance(run, Run) else load(run)).export(format, output)


def runs(folder: str | Path = "runs") -> list[dict[str, Any]]:
    """The runs in a folder with their headline metrics, the newest first."""
    return all_runs(Path(folder))


def prepare_threads() -> None:
    """Waiting threads must not spin: beside other work they make a step 10 to 70 times slower. Counts only before torch loads."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
