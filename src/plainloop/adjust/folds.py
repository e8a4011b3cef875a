"""Cross-validation: a run for each fold, and what all of them say together. `train --folds K` comes here."""

from __future__ import annotations

import json
import os
import shutil
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..judge.metric_names import kept, of_run, words_of
from ..judge.report import finite
from ..judge.wording import number, title
from ..options import TrainOptions
from ..plain.checkpoint import write_file
from ..plain.readers.series import read
from ..plain.run import located
from ..plain.split import split_rows
from ..plain.split_steps import ranks, rolling
from ..plain.table import Windows
from ..problems import PlainloopError, again
from ..run_files import read_toml
from ..run_folder import Run, make_folder, package_of
from ..run_problems import StoppedRun
from ..show import AsText, aligned
from ..training import Decided, Talk, carry_out, find_rate, go_on, write_run
from ..understand.own_model import reader_of
from ..understand.series_problems import SeriesTooShort
from ..understand.setting_problems import BadSetting
from .base import base_of
from .retrain import FIRST_WEIGHTS, inherit, moved

MOST_METRICS = 6
KIND = "folds"  # of search, in run.toml


@dataclass(repr=False)
class Folds(AsText):
    """The runs of all folds; each is a run folder like any other."""

    folder: Path
    runs: list[Run]

    @property
    def headline(self) -> str:
        return str(self.runs[0].metrics["headline"])

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """Each metric on the test rows: its mean over the folds, its spread (standard deviation), and the value of each fold."""
        made = {}
        for name in self.runs[0].metrics["test"]:
            values = [run.metrics["test"].get(name, {}).get("value") for run in self.runs]
            known = [value for value in values if value is not None]
            mean = statistics.fmean(known) if known else None
            made[name] = {"mean": mean, "spread": statistics.stdev(known) if len(known) > 1 else None, "folds": values}
        return made

    def as_dict(self) -> dict[str, Any]:
        """The content of folds.json."""
        rows = [run.metrics["rows"] for run in self.runs]
        names = [str(run.folder) for run in self.runs]
        return finite({"folds": len(self.runs), "headline": self.headline, "runs": names, "rows": rows, "metrics": self.metrics})

    def __repr__(self) -> str:
        return f"Folds({str(self.folder)!r}, {len(self.runs)} folds)"

    def __str__(self) -> str:
        found = {name: one for name, one in self.metrics.items() if one["mean"] is not None}
        shown = list(dict.fromkeys([name for name in (self.headline, *found) if name in found]))[:MOST_METRICS]
        shown += [name for name in self.runs[0].metrics.get("own_metrics", []) if name in found and name not in shown]
        table = [["fold", "test rows", *(title(name) for name in shown)]]
        for place, run in enumerate(self.runs):
            values = (number(found[name]["folds"][place], name) for name in shown)
            table.append([str(place + 1), str(run.metrics["rows"]["test"]), *values])
        table.append(["mean", "", *(number(found[name]["mean"], name) for name in shown)])
        table.append(["spread", "", *(number(found[name]["spread"], name) for name in shown)])
        return "\n".join([*aligned(table, right=range(1, len(table[0]))), f"folds    {self.folder}/folds.json"])

    def line(self) -> str:
        """All folds in one line."""
        one = self.metrics[self.headline]
        mean, spread = number(one["mean"], self.headline), number(one["spread"], self.headline)
        return f"{self.folder}: test {self.headline} {mean}, spread {spread} over {len(self.runs)} folds"


def train_folds(source: Any, options: TrainOptions, count: int, metrics: Any, talk: Talk) -> Folds:
    """See `api.train`. Raises: BadSetting, and what training raises."""
    if count < 2:
        raise BadSetting("folds", count, "a whole number of at least 2", "5", how=again("folds", "5"))
    if options.test is not None:
        how = again("folds", str(count), "--test")
        raise BadSetting("folds", count, "folds or --test, not both: each fold has test rows of its own", "5", how=how)
    if options.split_rows is not None:
        how = again("folds", str(count), "--split-rows")
        raise BadSetting("folds", count, "folds or --split-rows, not both: the folds share all steps among them", "5", how=how)
    decided = base_of(source, options, talk, "folds")
    try:
        CHECKS.get(decided.config.split.kind, check_rows)(decided, count)
        if decided.auto:
            decided = find_rate(decided, talk)
        decided.facts["metrics"] = kept(words_of(decided.facts.get("metrics")) if metrics is None else metrics, decided.place)
        write_run(decided, {"search": {"kind": KIND, "folds": count}})
        return each_fold(decided, count, metrics, talk)
    except PlainloopError as error:
        if error.exit_code == 2 and not list(decided.place.glob("fold-*/checkpoints")):  # nothing was trained
            shutil.rmtree(decided.place, ignore_errors=True)
        raise


def folds_of(place: Path) -> int:
    """The number of folds of a cross-validation in a folder; 0 where it is none."""
    search = read_toml(place).get("search", {})
    return int(search["folds"]) if search.get("kind") == KIND else 0


def go_on_folds(place: Path, count: int, metrics: Any, talk: Talk) -> Folds:
    """A cross-validation that was stopped, from the fold that it was at. Raises: what `go_on` raises."""
    package_of(place, read_toml(place))
    return each_fold(inherit(place, {}, place), count, metrics, talk)


def each_fold(decided: Decided, count: int, metrics: Any, talk: Talk) -> Folds:
    """A run for each fold; one that is there is kept, or gone on with. Raises: StoppedRun and what training raises."""
    runs = []
    metrics = of_run(decided.place, decided.facts) if metrics is None else metrics
    for fold in range(count):
        place = decided.place / f"fold-{fold + 1}"
        talk.line(f"\nFold {fold + 1} of {count}")
        try:
            if (place / "run.toml").exists():
                runs.append(go_on(place, metrics, talk))
            else:
                shutil.rmtree(place, ignore_errors=True)
                runs.append(carry_out(one_fold(decided, place, fold, count), metrics, talk))
        except StoppedRun as stopped:
            raise StoppedRun(stopped.code, str(decided.place)) from stopped
        made = Folds(decided.place, runs)
        write_file(decided.place / "folds.json", json.dumps(made.as_dict(), indent=1, allow_nan=False) + "\n")
    talk.line(f"\n{made}")
    return made


def check_steps(decided: Decided, count: int) -> None:
    """The first fold of a backtest learns from the fewest steps; they must hold a window. Raises: SeriesTooShort."""
    config = decided.config
    source, split, target = located(config.source, decided.place), config.split, config.targets[0].name
    table = read(source, config.columns)
    windows = table[target]
    assert isinstance(windows, Windows)
    steps = int(ranks(table[split.by] if split.by else None, windows).max()) + 1
    shares, needed = {"validation": split.validation, "test": split.test}, source.lookback + source.horizon
    train = {folds: rolling(steps, source.horizon, shares, folds, 0)[0] for folds in range(2, count + 1)}
    if train[count] < needed:
        fewer = [str(folds) for folds, left in train.items() if left >= needed][-1:]
        shorter = ["--lookback", str(max(1, source.lookback // 2)), "--horizon", str(max(1, source.horizon // 2))]
        options = ["--folds", *fewer] if fewer else [*shorter, "--folds", "2"]
        names = [column.name for column in config.targets]
        data, size = os.path.normpath(source.data[0]), max(0, train[count])
        raise SeriesTooShort(data, names, steps, source.lookback, source.horizon, "first fold's train", size, options)


def check_rows(decided: Decided, count: int) -> None:
    """Every fold must have rows, which is seen before the first one is trained. Raises: NoRowsLeft."""
    config = decided.config
    table = reader_of(config).read(located(config.source, decided.place), config.columns)
    targets = [table[column.name] for column in config.targets]
    for fold in range(count):
        split_rows(table, replace(config.split, folds=count, fold=fold), targets)


CHECKS = {"steps": check_steps}  # kind of split -> what is tried before the first fold is trained


def one_fold(decided: Decided, place: Path, fold: int, count: int) -> Decided:
    """The run of a fold, in a folder of its own below that of all folds."""
    split = replace(decided.config.split, folds=count, fold=fold)
    make_folder(place)
    for name in (FIRST_WEIGHTS, "tokenizer.json"):
        if (decided.place / name).exists():
            shutil.copyfile(decided.place / name, place / name)
    reasons = {**decided.reasons, "split.folds": "asked for", "split.fold": f"fold {fold + 1} of {count}"}
    changed = replace(decided, config=replace(decided.config, split=split), reasons=reasons)
    return moved(changed, decided.place, place)
