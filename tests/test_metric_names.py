"""Metrics by name: made for the task, tried before training, kept with the run, and the same ones everywhere."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import plainloop
from clocks import write_load
from plainloop.adjust.adjust_problems import PackageMissing
from plainloop.judge.metric_names import built, facts_of, made_up
from plainloop.judge.metric_problems import MetricDoesNotFit, UnknownMetric
from plainloop.problems import TYPED
from plainloop.training import Talk
from small import KINDS, case, write_csv

pytest.importorskip("torchmetrics")
QUICK: dict[str, Any] = {"epochs": 1, "baseline": False, "talk": Talk(quiet=True)}
MINE = """
class Lift:
    def __init__(self, num_classes, top=0.1):
        self.classes, self.top = num_classes, top

    def update(self, said, truth):
        first = said.topk(max(1, int(self.top * len(said)))).indices
        self.value = truth[first].float().mean() / truth.float().mean()

    def compute(self):
        return self.value


def share(said, truth):
    return (said > 0.5).float().mean()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("metrics")
    data, file = write_csv(folder / "pets.csv"), folder / "mine.py"
    file.write_text(MINE)
    words = f"MatthewsCorrCoef,AUROC,{file}:Lift,{file}:share"
    run = plainloop.train(data, "label", metrics=words, output=str(folder / "runs" / "pets-1"), **QUICK)
    file.unlink()  # what comes after has the copy in the run
    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_of_torchmetrics_is_made_for_the_task(kind: str):
    task = case(kind).task
    said, truth = made_up(task)
    words = {"Regression": "PearsonCorrCoef,R2Score"}.get(kind, "MatthewsCorrCoef,F1Score")
    for metric in built(words, task).values():
        metric.reset()
        metric.update(said, truth)
        assert torch.isfinite(metric.compute()).all()
    assert list(facts_of(task)) == {"Multilabel": ["task", "num_labels"], "Regression": []}.get(kind, ["task", "num_classes"])


@pytest.mark.parametrize(
    "kind, word, reason",
    [
        ("Regression", "CohenKappa", "for classes"),
        ("Binary", "MulticlassAccuracy", "not for a binary target"),  # it would give a figure, and a wrong one
        ("Binary", "BLEUScore", "TypeError"),
        ("Binary", "ROC", "3 results"),
        ("Binary", "BinaryFBetaScore", "it needs beta"),
        ("Multilabel", "CohenKappa", "ValueError"),
        ("Multiclass", "MultilabelF1Score", "multiclass"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused(kind: str, word: str, reason: str):
    with pytest.raises(MetricDoesNotFit, match=reason) as found:
        built(word, case(kind).task)
    again = found.value.fix.rpartition(" ")[2]
    assert built(again, case(kind).task), "the fix fits"


def test_names_that_are_not_there_are_refused_before_anything_is_read(tmp_path: Path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    for word, near in (
        ("MatthewsCorCoef", "MatthewsCorrCoef"),
        (f"{tmp_path}/mine.py:Lft", "mine.py:Lift"),
        (f"{tmp_path}/mine.py", "Lift, share"),
        (f"{tmp_path}/broken.py:A", "ModuleNotFoundError"),
        (f"{tmp_path}/none.py:A", "there is no file"),
    ):
        with pytest.raises(UnknownMetric) as found:
            plainloop.train(str(tmp_path / "no.csv"), "label", metrics=word, **QUICK)
        assert near in str(found.value)


def test_they_are_in_the_results_of_the_run_and_of_its_children(made: Any, tmp_path: Path):
    names = ["matthews_corr_coef", "auroc", "lift", "share"]
    test = made.metrics["test"]
    assert made.metrics["own_metrics"] == names
    assert test["auroc"]["value"] == pytest.approx(test["roc_auc"]["value"], abs=1e-6)
    child = made.retrain(epochs=2, baseline=False, talk=Talk(quiet=True))
    assert child.metrics["own_metrics"] == names
    assert set(names) <= set(child.lineage["parent_results"])
    other = made.retrain(metrics="CohenKappa", baseline=False, talk=Talk(quiet=True))
    assert other.metrics["own_metrics"] == ["cohen_kappa"]
    found = made.evaluate(write_csv(tmp_path / "more.csv", rows=50))["metrics"]
    assert list(found)[-4:] == names
    assert found["auroc"]["value"] == pytest.approx(found["roc_auc"]["value"], abs=1e-6)
    readme = (made.eject(tmp_path / "project") / "README.md").read_text()
    assert "matthews_corr_coef, auroc, lift, share computed besides" in readme


def test_a_run_that_was_stopped_goes_on_with_them(tmp_path: Path):
    data, file = write_csv(tmp_path / "pets.csv"), tmp_path / "mine.py"
    file.write_text(MINE)
    options = {**QUICK, "output": str(tmp_path / "run"), "talk": Talk(quiet=True, watch=lambda step, steps: 15)}
    with pytest.raises(Exception, match="Stopped by signal"):
        plainloop.train(data, "label", metrics=[f"{file}:Lift", "CohenKappa"], **options)
    file.unlink()
    shutil.move(tmp_path / "run", tmp_path / "moved")
    run = plainloop.resume(tmp_path / "moved", talk=Talk(quiet=True))
    assert run.metrics["own_metrics"] == ["lift", "cohen_kappa"]


def test_folds_and_a_search_have_them(tmp_path: Path):
    data, file = write_csv(tmp_path / "pets.csv", rows=200), tmp_path / "mine.py"
    file.write_text(MINE)
    folds: Any = plainloop.train(data, "label", folds=2, metrics=f"{file}:share", output=str(tmp_path / "folds"), **QUICK)
    assert len(folds.metrics["share"]["folds"]) == 2
    assert " share" in str(folds).splitlines()[0]
    study = plainloop.tune(data, "label", trials=1, metrics=f"{file}:share", output=str(tmp_path / "study"), **QUICK)
    assert study.run is not None
    assert study.run.metrics["own_metrics"] == ["share"]
    with pytest.raises(MetricDoesNotFit, match="tune"):
        plainloop.tune(data, "label", trials=1, metrics="MulticlassAUROC", output=str(tmp_path / "none"), **QUICK)
    assert not (tmp_path / "none").exists()


def test_a_forecast_says_that_it_has_none(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 300)
    options = {**QUICK, "time": "date", "horizon": 6, "lookback": 24, "model": "series_linear", "output": str(tmp_path / "run")}
    with pytest.raises(MetricDoesNotFit, match="leave out --metrics R2Score"):
        plainloop.train(str(data), "load", metrics="R2Score", **options)
    assert not (tmp_path / "run").exists()


def test_the_command_has_them_and_without_torchmetrics_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from plainloop.cli import main

    data = write_csv(tmp_path / "pets.csv", rows=200)
    words = ["train", str(data), "--target", "label", "--epochs", "1", "--no-baseline", "--metrics", "CohenKappa"]
    before = list(TYPED)
    with pytest.raises(SystemExit):
        main([*words, "--output", str(tmp_path / "run"), "--json"])
    assert -1 <= json.loads(capsys.readouterr().out)["test"]["cohen_kappa"]["value"] <= 1
    TYPED[:] = before  # in Python nothing was typed
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "torchmetrics":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(__import__("sys").modules, "torchmetrics")
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("plainloop.logs.import_module", without)
    with pytest.raises(PackageMissing, match="pip install torchmetrics"):
        plainloop.train(data, "label", metrics="CohenKappa", **QUICK)
