"""Folds: every row is tested once, groups stay together, time runs forward, a forecast's origin rolls; mean and spread."""

from __future__ import annotations

import json
import signal
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import plainloop
from clocks import write_load
from plainloop.plain.split import NoRowsLeft, split_rows
from plainloop.run_problems import FolderOfRuns, StoppedRun
from plainloop.training import Talk
from plainloop.understand.series_problems import SeriesTooShort
from plainloop.understand.setting_problems import BadSetting
from small import case, history_of, said, write_csv

QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": Talk(quiet=True)}


def parts(kind: str, by: str = "", folds: int = 4, task: str = "Binary") -> tuple[Any, list[dict[str, np.ndarray]]]:
    made = case(task, rows=203)
    split = replace(made.config.split, kind=kind, by=by, folds=folds)
    targets = [made.table[column.name] for column in made.config.targets]
    return made, [split_rows(made.table, replace(split, fold=fold), targets) for fold in range(folds)]


@pytest.mark.parametrize("kind, by", [("random", ""), ("stratified", ""), ("grouped", "day")])
def test_every_row_is_tested_once_and_never_learned_there(kind: str, by: str):
    made = case("Binary", rows=203)
    made.table.columns["day"] = np.arange(203.0) // 7
    split = replace(made.config.split, kind=kind, by=by, folds=4)
    targets = [made.table[column.name] for column in made.config.targets]
    found = [split_rows(made.table, replace(split, fold=fold), targets) for fold in range(4)]
    assert sorted(np.concatenate([one["test"] for one in found])) == list(range(203))
    for one in found:
        assert sorted(np.concatenate(list(one.values()))) == list(range(203))
        assert 40 <= len(one["test"]) <= 60
        if by:
            days = [set(made.table["day"][rows]) for rows in one.values()]
            assert len(set.union(*days)) == sum(map(len, days)) == 29


def test_classes_keep_their_share():
    made, found = parts("stratified")
    codes = made.table["target"].codes
    for one in found:
        assert abs((codes[one["test"]] == 1).mean() - (codes == 1).mean()) < 0.02


def test_time_runs_forward():
    made, found = parts("time", "when")
    times = made.table["when"]
    for before, one in zip([None, *found], found, strict=False):
        assert times[one["train"]].max() < times[one["validation"]].min()
        assert times[one["validation"]].max() < times[one["test"]].min()
        if before is not None:
            assert len(one["train"]) > len(before["train"])
            assert times[before["test"]].max() < times[one["test"]].min()


def test_too_few_groups_are_refused():
    made = case("Binary", rows=60)
    made.table.columns["site"] = np.arange(60.0) % 2
    split = replace(made.config.split, kind="grouped", by="site", folds=3, fold=2)
    with pytest.raises(NoRowsLeft):
        split_rows(made.table, split, [made.table["target"]])


def test_mean_spread_and_a_run_per_fold(tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", rows=200)
    made: Any = plainloop.train(data, "label", folds=3, output=str(tmp_path / "folds"), **QUICK)
    values = [run.metrics["test"]["log_loss"]["value"] for run in made.runs]
    assert made.metrics["log_loss"] == {"mean": statistics.fmean(values), "spread": statistics.stdev(values), "folds": values}
    assert sum(run.metrics["rows"]["test"] for run in made.runs) == 200
    assert len({run.config.split.fold for run in made.runs}) == 3
    assert json.loads((tmp_path / "folds" / "folds.json").read_text())["metrics"]["accuracy"]["mean"] > 0.3
    assert "spread" in str(made)
    project = made.runs[1].eject(tmp_path / "project")
    assert "fold = 1" in (project / "run.toml").read_text()


def test_a_cross_validation_that_was_stopped_goes_on(tmp_path: Path):
    data, seen = write_csv(tmp_path / "pets.csv", rows=150), []
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(13, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    options: dict[str, Any] = {**QUICK, "folds": 3, "model": model, "epochs": 1, "batch_size": 16}

    def stopping(step: int, steps: int) -> int:
        seen.append(step)
        return signal.SIGTERM if len(seen) == steps + 4 else 0  # in the second fold

    whole: Any = plainloop.train(data, "label", output=str(tmp_path / "whole"), **options)
    with pytest.raises(StoppedRun) as stopped:
        plainloop.train(data, "label", output=str(tmp_path / "cut"), **{**options, "talk": Talk(quiet=True, watch=stopping)})
    assert stopped.value.fix == f"plainloop resume {tmp_path / 'cut'}"
    assert sorted(place.name for place in (tmp_path / "cut").glob("fold-*")) == ["fold-1", "fold-2"]
    first = (tmp_path / "cut" / "fold-1" / "metrics.json").stat().st_mtime_ns
    (tmp_path / "cut" / "fold-3").mkdir()  # a kill can leave an empty folder
    code, out = said("resume", tmp_path / "cut", "--json")
    assert code == 0, out
    assert (tmp_path / "cut" / "fold-1" / "metrics.json").stat().st_mtime_ns == first, "what was finished is not done again"
    assert json.loads(out)["metrics"] == whole.as_dict()["metrics"]
    for fold in ("fold-1", "fold-2", "fold-3"):
        weights = [(tmp_path / name / fold / "weights.safetensors").read_bytes() for name in ("whole", "cut")]
        assert weights[0] == weights[1], fold
        assert history_of(tmp_path / "whole" / fold) == history_of(tmp_path / "cut" / fold)
    assert len(plainloop.resume(tmp_path / "cut", talk=Talk(quiet=True)).runs) == 3
    assert plainloop.runs(tmp_path) == []
    with pytest.raises(FolderOfRuns, match="fold-1"):
        plainloop.load(tmp_path / "cut")


def test_folds_without_rows_are_refused_before_the_first_is_trained(tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", rows=60)
    options: dict[str, Any] = {"epochs": 1, "baseline": False, "talk": Talk(quiet=True), "output": str(tmp_path / "folds")}
    with pytest.raises(NoRowsLeft, match="80 folds of 60 rows") as refused:
        plainloop.train(data, "label", folds=80, **options)
    assert "--folds 2" in refused.value.fix
    assert not (tmp_path / "folds").exists()


def test_the_command_and_its_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    data = write_csv(tmp_path / "pets.csv", "Regression", rows=120)
    code, out = said("train", data, "--target", "price", "--folds", 2, "--epochs", 1, "--no-baseline", "--json")
    assert code == 0, out
    assert len(json.loads(out)["metrics"]["rmse"]["folds"]) == 2
    for options in ({"folds": 1}, {"folds": 3, "test": 0.2}):
        with pytest.raises(BadSetting):
            plainloop.train(data, "price", **options, **QUICK)
    code, out = said("train", data, "--target", "price", "--folds=3", "--test", "0.2", "--epochs", 1)
    assert (code, out.splitlines()[-1]) == (2, f"Fix: plainloop train {data} --target price --folds 3 --epochs 1")


def test_a_forecast_is_tested_on_stretches_that_follow_one_another(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 400)
    options: dict[str, Any] = {**QUICK, "time": "date", "horizon": 6, "lookback": 24, "model": "series_linear"}
    made: Any = plainloop.train(str(data), "load", folds=3, output=str(tmp_path / "folds"), **options)
    ends = 0
    for fold, run in enumerate(made.runs):
        split = json.loads((run.folder / "split.json").read_text())
        ahead = {part: {24 + row + step for row in split[part] for step in range(6)} for part in ("train", "validation", "test")}
        assert max(ahead["train"]) < min(ahead["validation"])
        assert max(ahead["validation"]) < min(ahead["test"])
        assert min(ahead["test"]) == (ends or min(ahead["test"]))
        assert max(ahead["test"]) + 1 - min(ahead["test"]) == 60
        ends = max(ahead["test"]) + 1
        assert run.config.split.fold == fold
    assert ends == 400
    values = [run.metrics["test"]["mae"]["value"] for run in made.runs]
    assert made.metrics["mae"] == {"mean": statistics.fmean(values), "spread": statistics.stdev(values), "folds": values}
    assert "coverage_80" in made.metrics


def test_folds_of_a_forecast_that_leave_too_little_are_refused(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 120)
    options: dict[str, Any] = {**QUICK, "time": "date", "horizon": 12, "lookback": 24, "output": str(tmp_path / "folds")}
    with pytest.raises(SeriesTooShort) as found:
        plainloop.train(str(data), "load", folds=8, **options)
    assert "load.csv --target load --folds 6" in found.value.fix
    assert not (tmp_path / "folds").exists()
    with pytest.raises(BadSetting):
        plainloop.train(str(data), "load", folds=3, split_rows="80,20,20", **options)
