"""The words of plainloop in Python; the command line has the same ones. Each is a few calls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import DataOptions, TrainOptions, make
from .run_folder import Run
from .run_list import all_runs

if TYPE_CHECKING:
    from .adjust.compare import Comparison
    from .adjust.lr_find import RateCurve
    from .adjust.lr_sweep import RateSweep
    from .adjust.trials import Study
    from .training import Talk
    from .understand.check_finding import Checked
    from .understand.seen import Look


def train(
    source: Any,
    target: Any = None,
    *,
    folds: int | None = None,
    log: str | None = None,
    metrics: Any = None,
    talk: Talk | None = None,
    **options: Any,
) -> Run:
    """Trains a model on labelled data, judges it on rows it has not seen, and saves it all as a run folder.

    source: a path or several, a folder or glob of files, a pandas or polars frame, a pair (X, y) of arrays, or a torch Dataset
    of (x, y). target: the column to learn, or several. options: the fields of `TrainOptions`, the same as on the command line
    (`plainloop train --help`), with `model` also an `nn.Module`. metrics: names of torchmetrics' classes, FILE.py:NAME, or
    torchmetrics objects that are computed and kept too.
    log: tensorboard, mlflow or wandb, or several with commas: the figures go there, too.
    With folds=K it gives back `Folds`: a run for each, `.metrics` with mean and spread.

    Raises: PlainloopError, in words, for data or options that cannot be used.

    >>> run = plainloop.train("titanic.csv", target="Survived", epochs=20)  # doctest: +SKIP
    """
    prepare_threads()
    from .judge.metric_names import check_names as check_metrics
    from .training import Talk, start

    check_metrics(metrics, source, target)
    source, made = data_and(source, target, options)
    talk = talk or Talk()
    if log:
        from .logs import check_names

        check_names(log)
        talk.log = log
    if folds is not None:
        from .adjust.folds import train_folds

        return train_folds(source, made, folds, metrics, talk)  # type: ignore[return-value]  # Folds, as the text says
    return start(source, made, metrics, talk)


def resume(run: str | Path, *, metrics: Any = None, talk: Talk | None = None) -> Run:
    """Goes on with a run that was stopped; the result is that of the run that was never stopped.

    metrics: the torchmetrics objects that it was begun with, where it was; those with names are found in its folder.

    run: also the folder of a cross-validation, `train(..., folds=K)`, which goes on with the fold that it was at.

    Raises: NoRun, FolderOfRuns, RunBusy, DataChanged, NoGoodCheckpoint.
    """
    prepare_threads()
    from .adjust.folds import folds_of, go_on_folds
    from .training import Talk, go_on

    if count := folds_of(Path(run)):
        return go_on_folds(Path(run), count, metrics, talk or Talk())  # type: ignore[return-value]  # Folds, as for train
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


def retrain(
    run: str | Path | Run,
    *,
    from_weights: bool = False,
    output: str | None = None,
    baseline: bool | None = None,
    metrics: Any = None,
    talk: Talk | None = None,
    **settings: Any,
) -> Run:
    """A run again with other settings, as a child of it: its run.toml names the parent, what changed, and what came of it.

    settings: by their names, `learning_rate=3e-4`, or `**{"train.learning_rate": 3e-4}`; also `model`. The rows and their split
    stay, unless the split is what changes; `seed` is that of weights and order. from_weights: begin with the trained weights
    of the parent. baseline: whether trees are fitted again; as for the parent where nothing is said, and so are metrics.

    Raises: NoRun, UnknownSetting, BadSetting, CannotEject, WeightsDoNotFit, WeightsSawTest.
    """
    prepare_threads()
    from .adjust.retrain import retrain as again
    from .judge.metric_names import check_names
    from .training import Talk

    folder = run.folder if isinstance(run, Run) else Path(run)
    check_names(metrics, folder, verb="retrain")
    return again(folder, settings, from_weights, output, baseline, metrics, talk or Talk())


def compare(*runs: str | Path | Run, output: str | None = None) -> Comparison:
    """Runs beside each other: the settings that differ, their metrics, and whether the differences are real.

    All of them must have been scored on the same rows. The others are compared with the first one; runs that differ by their
    seed alone count as one setting. output: the folder for compare.html and compare.json; "" writes nothing.

    Raises: NoRun, RunNotFinished, CannotCompare.
    """
    prepare_threads()
    from .adjust.compare import compare as beside
    from .adjust.compare import opened

    return beside(opened(runs), output)


def lr_find(
    source: Any,
    target: Any = None,
    *,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 150,
    talk: Talk | None = None,
    **options: Any,
) -> RateCurve:
    """Tries learning rates from low to high, one per step, on a copy of the model, and suggests one, with its reason.

    source: data, or a run; options: as for `train`, `output` is the folder for lr_find.png and lr_find.json. Nothing else is
    written or changed. `learning_rate="auto"` of `train` uses the same.

    Raises: BadSetting, and what `train` raises before it trains.
    """
    prepare_threads()
    from .adjust.lr_find import lr_find as sweep
    from .training import Talk

    return sweep(*data_and(source, target, options), low, high, steps, talk or Talk())


def lr_sweep(
    source: Any,
    target: Any = None,
    *,
    rates: Sequence[float] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    talk: Talk | None = None,
    **options: Any,
) -> RateSweep:
    """Trains with each learning rate, everything else the same, and shows all curves in one picture.

    source: data, or a run; options: as for `train`, `output` is the folder for all of it. The validation rows judge; the test
    rows stay unseen.
    """
    prepare_threads()
    from .adjust.lr_sweep import lr_sweep as each
    from .training import Talk

    return each(*data_and(source, target, options), [float(rate) for rate in rates], talk or Talk())


def tune(
    source: Any,
    target: Any = None,
    *,
    minutes: float | None = None,
    trials: int | None = None,
    space: Any = None,
    storage: str | None = None,
    metrics: Any = None,
    talk: Talk | None = None,
    **options: Any,
) -> Study:
    """Searches for better settings, judged on the validation rows; the best ones are trained as a run at the end.

    source: data, a run, or the folder of a study that goes on. minutes: the time it may take, the winner included; trials: at
    most this many; 10 minutes where neither is given. space: what is searched instead of the table's, {"width": "64..512"}, or
    beside it. storage: a database URL, for processes without a common folder. options: as for `train`; a setting that is given
    is not searched.

    Raises: PackageMissing without optuna, SearchTooShort, and what `train` raises.
    """
    prepare_threads()
    from .adjust.tune import tune as search
    from .judge.metric_names import check_names
    from .training import Talk

    check_names(metrics, source, target, "tune")
    return search(*data_and(source, target, options), minutes, trials, storage, space, metrics, talk or Talk())


def data_and(source: Any, target: Any, options: dict[str, Any]) -> tuple[Any, TrainOptions]:
    """The source and the options of a call, where (X, y) may stand for source and target."""
    if target is not None and not isinstance(target, str) and not all(isinstance(name, str) for name in target):
        source, target = (source, target), None
    return source, make(TrainOptions, {"target": target, **options})


def inspect(source: Any, target: Any = None, **options: Any) -> Look:
    """What plainloop takes the data for: column types, roles, task, problems; each with its reason and its override."""
    from .understand.look import look

    asked = make(DataOptions, {"target": target, **options})
    seen = look(source, asked)
    if seen.source.reader == "series" or (asked.time and seen.source.reader == "tables"):
        from .understand.series_look import series_facts

        seen.series = series_facts(seen, asked)
    if any(column.type == "image" for column in seen.schema.columns):
        from .understand.look_images import write_class_sheet

        seen.sheet = str(write_class_sheet(seen) or "")
    return seen


def load(run: str | Path) -> Run:
    """A finished run, or one whose loss became infinite, which `notices` then say. Raises: NoRun, RunNotFinished."""
    prepare_threads()
    return Run(run)


def predict(
    run: str | Path | Run, source: Any, output: str | Path | None = None, *, origin: Any = None, **decoding: Any
) -> list[Any]:
    """Predictions of a run for new rows; with `output` also as CSV with probabilities. decoding: see `Run.predict`.

    Of a forecast: the steps after the last row, or after each of the past times `origin`.
    """
    return (run if isinstance(run, Run) else load(run)).predict(source, output, origin=origin, **decoding)


def evaluate(run: str | Path | Run, source: Any, *, metrics: Any = None, **decoding: Any) -> dict[str, Any]:
    """The metrics of a run, with intervals, on other labelled rows. metrics: see `train`; decoding: see `Run.predict`."""
    return (run if isinstance(run, Run) else load(run)).evaluate(source, metrics=metrics, **decoding)


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
