"""Metrics by name, as `--metrics` has them: from a class of torchmetrics, or FILE.py:NAME, to objects that `extra` computes.

The file of a metric is copied into the run, so that `resume`, `retrain` and `evaluate` find what the run was begun with.
"""

from __future__ import annotations

import importlib.util
import inspect
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from ..problems import nearest
from ..run_folder import make_folder
from .extra import computed, named, snake
from .metric_problems import NO_METRICS, MetricDoesNotFit, UnknownMetric

FOLDER = "metrics"  # of a run: the files of its metrics
ROWS = 64  # made-up ones that a metric is tried on
FILLED = ("task", "num_classes", "num_labels")  # arguments that follow from the target
OF_KIND = ("Binary", "Multiclass", "Multilabel")


class Function:
    """A function of probabilities and target, as a metric."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def update(self, said: torch.Tensor, truth: torch.Tensor) -> None:
        self.value = self.function(said, truth)

    def compute(self) -> Any:
        return self.value


def words_of(metrics: Any) -> list[str]:
    """The metrics that are given by name; empty where one of them is an object.

    >>> words_of("CohenKappa, mine.py:Lift"), words_of(["CohenKappa"]), words_of([object()]), words_of(None)
    (['CohenKappa', 'mine.py:Lift'], ['CohenKappa'], [], [])
    """
    if isinstance(metrics, str):
        return [word.strip() for word in metrics.split(",") if word.strip()]
    plain = isinstance(metrics, Iterable) and not isinstance(metrics, Mapping) and not hasattr(metrics, "compute")
    items = list(metrics) if plain else []
    return [str(item) for item in items] if all(isinstance(item, (str, Path)) for item in items) else []


def check_names(metrics: Any, data: Any = None, target: Any = None, verb: str = "train") -> None:
    """Whether everything that is asked for by name is there, before anything is read. Raises: UnknownMetric, PackageMissing."""
    source = str(data) if isinstance(data, (str, Path)) else "data.csv"
    for word in words_of(metrics):
        try:
            source_of(word)
        except UnknownMetric as error:
            columns = [target] if isinstance(target, str) else list(target or [])
            raise UnknownMetric(error.name, error.near, error.reason, source, columns, verb) from error


def source_of(word: str) -> Any:
    """What a name stands for: a class, a function or an object. Raises: UnknownMetric, PackageMissing."""
    path, colon, name = word.rpartition(":")
    if colon or word.endswith(".py"):
        return from_file(Path(path or word).expanduser(), name if colon else "", word)
    from ..logs import needed

    package = needed("torchmetrics", "torchmetrics", option=f"--metrics {word}")
    found = getattr(package, word, None) or getattr(package.classification, word, None) or getattr(package.regression, word, None)
    if not is_metric(found):
        places = (package, package.classification, package.regression)
        known = sorted({key for place in places for key, value in vars(place).items() if is_metric(value) and key != "Metric"})
        if not word.startswith(OF_KIND):
            known = [key for key in known if not key.startswith(OF_KIND)]
        raise UnknownMetric(word, nearest(word, known), "torchmetrics has no such class")
    return found


def is_metric(thing: Any) -> bool:
    return isinstance(thing, type) and hasattr(thing, "compute") and hasattr(thing, "update")


def from_file(place: Path, name: str, word: str) -> Any:
    """What FILE.py:NAME names. Raises: UnknownMetric."""
    if not place.is_file():
        raise UnknownMetric(word, [], f"there is no file {place}")
    spec = importlib.util.spec_from_file_location(f"plainloop_metrics_{place.stem}", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code: whatever it raises is told
        raise UnknownMetric(word, [], f"{place} cannot be imported: {type(error).__name__}: {short(error)}") from error
    own = [key for key, value in vars(module).items() if not key.startswith("_") and is_own(value, module.__name__)]
    if not name and len(own) == 1:
        name = own[0]
    if name not in vars(module):
        near = [f"{place}:{key}" for key in (nearest(name, own) or own)[:3]]
        raise UnknownMetric(word, near, f"{place} has {', '.join(own)}" if own else f"{place} has no metric")
    return getattr(module, name)


def is_own(value: Any, module: str) -> bool:
    """Whether a value of a file is one of its own metrics, not something that it imports."""
    return hasattr(value, "compute") or (callable(value) and getattr(value, "__module__", "") == module)


def built(metrics: Any, task: Any, data: str = "data.csv", target: Iterable[str] = (), verb: str = "train") -> Any:
    """The metrics as `extra_values` takes them, those with names made for the task and tried. Raises: MetricDoesNotFit."""
    kind, words = type(task).__name__, words_of(metrics)
    if kind in NO_METRICS and metrics is not None and named(metrics if not words else dict.fromkeys(words)):
        shown = ",".join(words) or ",".join(named(metrics))
        reason = "a forecast has a figure for each step and column" if kind == "Forecast" else "the answers are texts"
        raise MetricDoesNotFit(shown, kind, reason, data, list(target), verb=verb)
    if not words:
        return None if isinstance(metrics, str) else metrics
    made: dict[str, Any] = {}
    for word in words:
        source = source_of(word)
        name = snake(word.rpartition(":")[2].removesuffix(".py").rpartition("/")[2])
        try:
            if [prefix for prefix in OF_KIND if word.startswith(prefix) and prefix != kind]:
                raise NotForTarget(f"it is not for a {kind.lower()} target")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                metric = as_metric(source, facts_of(task))
                computed(metric, *made_up(task))
        except Exception as error:  # of torchmetrics, or the user's own code: whatever it raises is told
            reason = short(error) if isinstance(error, NotForTarget) else f"{type(error).__name__}: {short(error)}"
            raise MetricDoesNotFit(word, kind, reason.rstrip("."), data, list(target), instead(word, kind), verb) from error
        made[name if name not in made else f"{name}_{len(made) + 1}"] = metric
    return made


class NotForTarget(ValueError):
    """An argument of a metric that the target does not give."""


def facts_of(task: Any) -> dict[str, Any]:
    """What a metric may be made with.

    >>> from types import SimpleNamespace
    >>> facts_of(type("Binary", (SimpleNamespace,), {})(num_outputs=1))
    {'task': 'binary', 'num_classes': 2}
    """
    kind = type(task).__name__
    if kind == "Multilabel":
        return {"task": "multilabel", "num_labels": task.num_outputs}
    return {"task": kind.lower(), "num_classes": max(2, task.num_outputs)} if kind in OF_KIND else {}


def as_metric(source: Any, facts: Mapping[str, Any]) -> Any:
    """The metric itself: an object as it is, a class or a factory called with the arguments that it asks for by name."""
    if not isinstance(source, type) and hasattr(source, "compute"):
        return source
    asks = [one for one in inspect.signature(source).parameters.values() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    given = {one.name: facts[one.name] for one in asks if one.name in facts}
    lacking = [one.name for one in asks if one.default is one.empty and one.name not in given]
    if not isinstance(source, type) and len(lacking) == 2:  # of probabilities and target
        return Function(source)
    if "task" in lacking or set(lacking) & set(FILLED):
        raise NotForTarget("it is for labels" if facts.get("num_classes") else "it is for classes, and the target is a number")
    if lacking:
        raise NotForTarget(f"it needs {', '.join(lacking)}: make it in a file and name that, FILE.py:NAME")
    return source(**given)


def made_up(task: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions and truth like those of the task, every class among them."""
    draw = torch.Generator().manual_seed(0)
    kind, width = type(task).__name__, max(1, task.num_outputs)
    rows = max(ROWS, 4 * width)
    if kind == "Multiclass":
        return torch.rand(rows, width, generator=draw).softmax(1), torch.arange(rows) % width
    if kind == "Multilabel":
        return torch.rand(rows, width, generator=draw), torch.randint(0, 2, (rows, width), generator=draw)
    said = torch.rand(rows, generator=draw)
    return said, torch.arange(rows) % 2 if kind == "Binary" else torch.rand(rows, generator=draw)


def instead(word: str, kind: str) -> list[str]:
    """The name of the class that suits every task, where the one for another task was given."""
    for prefix in OF_KIND:
        if word.startswith(prefix) and prefix != kind and kind in OF_KIND:
            return [word.removeprefix(prefix)]
    return []


def kept(metrics: Any, place: Path) -> str | bool:
    """What run.toml holds of the metrics: their names, files seen from the run, which gets copies; or whether there are any."""
    words = []
    for word in words_of(metrics):
        path, colon, name = word.rpartition(":")
        if colon or word.endswith(".py"):
            file = Path(path or word).expanduser()
            target = place / FOLDER / file.name
            make_folder(target.parent, exist_ok=True)
            if file.resolve() != target.resolve():
                shutil.copyfile(file, target)
            word = f"{FOLDER}/{file.name}{colon}{name if colon else ''}"
        words.append(word)
    return ",".join(words) or (bool(named(metrics)) if not isinstance(metrics, str) else False)


def of_run(folder: Path, made: Mapping[str, Any]) -> list[str] | None:
    """The metrics that a run was begun with, where they have names; its own files are seen from here."""
    words = words_of(made.get("metrics"))
    return [str(folder / word) if word.startswith(f"{FOLDER}/") else word for word in words] or None


def short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
