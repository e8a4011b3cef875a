"""A run folder: make one, lock it, write its run.toml, open it, use its model."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .judge.wording import interval, number
from .plain.checkpoint import StorageFailed, write_file
from .plain.config import Config
from .run_files import content_of, history_of, json_of, read_toml
from .run_problems import (
    EndedEarly,
    FolderOfRuns,
    NoRun,
    OutputExists,
    RunBusy,
    RunFileDamaged,
    RunNotFinished,
)

if TYPE_CHECKING:
    from torch import nn

SECTIONS_HELP = {
    "source": "where the rows come from and how their files are read; paths are seen from this folder",
    "split": "which rows train, which choose the best epoch, which are scored once",
    "task": "what is learned from the target",
    "model": "models/`file`.py and the keyword arguments of its class",
    "train": "the loop",
    "machine": "what it computes on; part of the run's identity",
    "augment": "how images are changed while training",
    "text": "how texts become tokens",
    "sequence": "how a target that is a text becomes tokens, and how an answer is written",
}


def new_folder(output: str | None, name: str, root: Path = Path("runs")) -> Path:
    """A new, empty run folder: the one asked for, or runs/<name>-<n> with the first free n.

    Raises: OutputExists.
    """
    if output is not None:
        folder = Path(output)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputExists(str(output))
        make_folder(folder, exist_ok=True)
        return folder
    number = 1
    while True:
        folder = root / f"{name}-{number}"
        try:
            make_folder(folder)
            return folder
        except FileExistsError:
            number += 1


def make_folder(folder: Path, *, exist_ok: bool = False) -> None:
    """Makes a folder and those it is in. Raises: FileExistsError, StorageFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.is_dir():
            raise
        raise StorageFailed(str(folder), error.strerror or str(error)) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the run for this process; the lock goes with the process, however it ends.

    Raises: RunBusy, StorageFailed.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no lockf: the run is used unlocked
        yield
        return
    try:
        opened = open(folder / ".lock", "a+", encoding="utf-8")  # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise StorageFailed(str(folder / ".lock"), error.strerror or str(error)) from error
    with opened as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # lockf, not flock: forked workers do not keep it
        except OSError as error:
            file.seek(0)
            raise RunBusy(str(folder), file.read().strip() or "unknown") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%H:%M:%S')}")
        file.flush()
        yield


def write_toml(path: Path, config: Config, reasons: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Writes run.toml: every value with its reason or its help as a comment, and `facts` as tables of their own."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("A run of plainloop, resolved. `python -m plain run.toml` trains it again."))
    for section in fields(config):
        value = getattr(config, section.name)
        if section.name == "columns":
            tables = tomlkit.aot()
            for column in value:
                tables.append(_table(column, {"type": reasons.get(f"columns.{column.name}", "")}, leave_out_empty=True))
            document.add("columns", tables)
        else:
            prefix = f"{section.name}."
            mine = {name.removeprefix(prefix): reason for name, reason in reasons.items() if name.startswith(prefix)}
            document.add(section.name, _table(value, mine, SECTIONS_HELP[section.name]))
    for name, values in facts.items():
        table = tomlkit.table()
        for key, value in values.items():
            table.add(key, value)
        document.add(name, table)
    write_file(path, tomlkit.dumps(document))


def _table(part: Any, reasons: Mapping[str, str], help: str = "", *, leave_out_empty: bool = False) -> Any:
    import tomlkit

    table = tomlkit.table()
    if help:
        table.add(tomlkit.comment(help))
    for item in fields(part):
        value = getattr(part, item.name)
        if leave_out_empty and not value:
            continue
        if isinstance(value, Mapping) and item.name == "settings":
            inner = tomlkit.inline_table() if not value else tomlkit.table()
            for key, content in value.items():
                inner.add(key, _item(content, reasons.get(key, "")))
            table.add(item.name, inner)
        else:
            table.add(item.name, _item(value, reasons.get(item.name) or item.metadata.get("help", "")))
    return table


def _item(value: Any, comment: str) -> Any:
    import tomlkit

    assert not is_dataclass(value)
    if isinstance(value, Mapping):
        made: Any = tomlkit.inline_table()
        made.update({str(key): content for key, content in value.items()})
    else:
        made = tomlkit.item(list(value) if isinstance(value, tuple) else value)
    return made.comment(" ".join(comment.split())) if comment else made


def package_of(folder: Path, content: Mapping[str, Any]) -> str:
    """The package whose code a run is loaded with: the installed one where its files are those that ran, else the run's own copy.

    A model file of the user's own is found in the run in both cases.
    """
    from .handover.code import own_files, same_as_installed
    from .plain.config import from_dict

    digests = dict(content["code"])
    own = own_files(from_dict(dict(content)))
    if own:
        from .understand.own_model import find_own

        find_own(folder / "plain" / "models", Path(own[0]).stem)
    if same_as_installed(digests, own):
        return "plainloop.plain"
    name = f"plainloop_run_{abs(hash(str(folder.resolve()))):x}"
    spec = util.spec_from_file_location(
        name, folder / "plain" / "__init__.py", submodule_search_locations=[str(folder.resolve() / "plain")]
    )
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    sys.modules[f"{name}.faults"] = import_module("plainloop.plain.faults")  # its refusals are PlainloopErrors, too
    spec.loader.exec_module(module)
    return name


class Run:
    """A finished run: its figures, its history, its model, and what can be done with it.

    >>> run = plainloop.load("runs/titanic-1")  # doctest: +SKIP
    >>> run.metrics["test"]["accuracy"]["value"]  # doctest: +SKIP
    0.82
    """

    def __init__(self, folder: Path | str, model: Any = None):
        self.folder = Path(folder)
        self._content = read_toml(self.folder)
        self._given_model = model
        self.notices: list[Any] = []  # what there was to say about the rows that were predicted last
        self.early: list[Any] = []  # what there is to say of the run itself
        if "search" in self._content:
            raise FolderOfRuns(str(folder), self._content["search"].get("kind", ""))
        if "result" not in self._content:
            stopped = self._content.get("stopped")
            if not stopped or not (self.folder / "weights.safetensors").exists():
                raise RunNotFinished(str(folder), bool(self._content.get("made", {}).get("model_given")))
            self._content["result"] = stopped
            self.early = self.notices = [EndedEarly(str(folder), stopped["epoch"], stopped["best_epoch"])]
        if not (self.folder / "weights.safetensors").exists():
            if (self.folder / "metrics.json").exists():
                raise RunFileDamaged(str(folder), "weights.safetensors", "it is not there")
            raise NoRun(str(folder), [], "weights.safetensors")  # an ejected project, say

    @cached_property
    def package(self) -> str:
        """See `package_of`. Raises: CodeChanged, for other code than that which ran would give other answers."""
        from .handover.code import code_of, same_as_installed

        digests = dict(self._content["code"])
        if not same_as_installed(digests, []):
            code_of(self.folder, digests)
        return package_of(self.folder, self._content)

    def _plain(self, module: str) -> Any:
        return import_module(f"{self.package}.{module}")

    @cached_property
    def config(self) -> Config:
        """The resolved config, every value decided."""
        return self._plain("config").from_dict(self._content)

    @property
    def facts(self) -> dict[str, Any]:
        """What run.toml says of how the run was made: versions, notices, columns of the source."""
        return dict(self._content.get("made", {}))

    @property
    def lineage(self) -> dict[str, Any]:
        """For a run that was made by `retrain`: parent, changed settings, where the first weights came from; else empty."""
        return dict(self._content.get("lineage", {}))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json; of a run that ended early the headline of its best epoch."""
        if self.early:
            return self._early_metrics()
        return json_of(self.folder, "metrics.json")

    def _early_metrics(self) -> dict[str, Any]:
        task, best = self.preparation.task, self._content["result"]["best_epoch"]
        split = json_of(self.folder, "split.json")
        value = self.history[f"val_{task.headline}"][best - 1]
        return {
            "task": type(task).__name__.lower(),
            "headline": task.headline,
            "validation": {task.headline: {"value": value, "low": None, "high": None}},
            "epochs": len(self.history["epoch"]),
            "best_epoch": best,
            "rows": {short: len(split[name]) for short, name in (("train", "train"), ("val", "validation"), ("test", "test"))},
        }

    @cached_property
    def history(self) -> dict[str, list[Any]]:
        """One list per column of history.csv: epoch, train_loss, val_loss, ..."""
        return content_of(self.folder, "history.csv", history_of)

    @cached_property
    def preparation(self) -> Any:
        """The fitted columns and the fitted task."""
        build = self._plain("prepare").Preparation.from_state
        return content_of(self.folder, "prepared.json", lambda data: build(self.config, json.loads(data.decode("utf-8"))))

    @cached_property
    def model(self) -> nn.Module:
        """The trained module, on the CPU, in evaluation mode."""
        from .run_problems import CannotEject

        if self._given_model is not None:
            return self._given_model
        if self._content.get("made", {}).get("model_given"):
            raise CannotEject(
                str(self.folder), "its model was given as an object, so it cannot be built again from the run folder"
            )
        package_of(self.folder, self._content)  # again: a run loaded since then may have a model file of the same name
        model = self._plain("run").build_model(self.config, self.preparation, self.folder)
        load = self._plain("checkpoint").load_weights
        path = self.folder / "weights.safetensors"
        content_of(self.folder, path.name, lambda data: model.load_state_dict(load(path)))
        return model.eval()

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def scores(self, table: Any, *, with_target: bool = False) -> Any:
        """Raw scores for the rows of a table. Shape: float32 (n, out) or (n, K, out), or what the task's `predict` gives."""
        import torch

        batches, evaluate = self._plain("batches"), self._plain("evaluate")
        inputs = self.preparation.inputs(table)
        rows = self.preparation.rows(table) if with_target else batches.Rows(inputs, torch.zeros(len(table)))
        loader = evaluate.evaluation_batches(rows, self.model, self.config.train.batch_size)
        forward = self._plain("run").forward_of(self.model, self.config)
        return evaluate.score(self.model, self.preparation.task, loader, self.config.train.precision, forward)

    def predict(self, source: Any, output: str | Path | None = None, *, origin: Any = None, **decoding: Any) -> list[Any]:
        """Predictions for new rows: a path, a frame, an array or dictionaries. With `output` also a CSV with probabilities.

        Where texts are written, an output that is no .csv has one answer per line, and `decoding` says how answers are looked
        for: beam, length_penalty, temperature, top, seed.
        Of a forecast: a dictionary for each coming step, after the last row of each series or after past times, `origin`.

        Raises: ColumnsMissing and what reading raises.
        """
        from .use import predict

        answers = predict(self, source, output, decoding, origin)
        self.notices = [*self.early, *self.notices]
        return answers

    def evaluate(self, source: Any, *, metrics: Any = None, **decoding: Any) -> dict[str, Any]:
        """The test metrics, with intervals, on other labelled rows; metrics: those of the run where nothing is said."""
        from .judge.metric_names import check_names
        from .use import evaluate

        check_names(metrics, self.folder, verb="evaluate")
        found = evaluate(self, source, decoding, metrics)
        return {**found, "notices": [*self.early, *found["notices"]]}

    def retrain(self, **settings: Any) -> Run:
        """The run again with other settings, as a child of this one. See `plainloop.retrain`."""
        from .api import retrain

        return retrain(self, **settings)

    def eject(self, folder: str | Path, *, with_data: bool = False) -> Path:
        """Hands out the code that ran, as a project that needs no plainloop."""
        from .handover.eject import eject

        return eject(self, Path(folder), with_data=with_data)

    def export(self, format: str = "onnx", output: str | Path | None = None) -> Path:
        """The complete model in one file: onnx, pt2 or state_dict."""
        from .handover.export import export

        return export(self, format, output)

    def summary(self) -> dict[str, Any]:
        """What `plainloop runs` shows."""
        part = "test" if "test" in self.metrics else "validation"
        headline = self.metrics["headline"]
        return {
            "run": str(self.folder),
            "task": self.metrics["task"],
            "model": self.config.model.settings.get("name", self.config.model.file),
            "target": ",".join(column.name for column in self.config.targets),
            "headline": headline,
            "part": part,
            **self.metrics[part][headline],
            "epochs": self.metrics["epochs"],
        }

    def line(self) -> str:
        """The run and its headline metric in one line."""
        facts = self.summary()
        value = "undefined" if facts["value"] is None else interval(facts, facts["headline"])
        return f"{self.folder}: {facts['part']} {facts['headline']} {value}"

    def __repr__(self) -> str:
        facts = self.summary()
        return (
            f"Run({str(self.folder)!r}, {facts['task']} of {facts['target']!r} by {facts['model']}, {facts['part']} "
            f"{facts['headline']} {number(facts['value'], facts['headline'])}{', ended early' if self.early else ''})"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p><code>{escape(repr(self))}</code> <a href='{escape(str(self.report))}'>report</a></p>"
