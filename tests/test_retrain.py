"""Retrain: the child is the run that `train` would have made with those settings, and knows what it came of."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import plainloop
from plainloop.adjust.adjust_problems import NothingChanges, WeightsDoNotFit, WeightsSawTest
from plainloop.adjust.lineage import differences, lineage_text, reasons_of
from plainloop.plain.run import DataChanged
from plainloop.run_problems import RunNotBegun, RunNotFinished
from plainloop.show import runs_text
from plainloop.training import Talk
from plainloop.understand.setting_problems import BadSetting, UnknownModel, UnknownSetting
from small import said as command
from small import write_csv

QUIET = Talk(quiet=True)
QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": QUIET}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    folder = tmp_path_factory.mktemp("retrain")
    return plainloop.train(write_csv(folder / "pets.csv", rows=200), "label", output=str(folder / "runs" / "pets-1"), **QUICK)


def weights(run: plainloop.Run) -> bytes:
    return (run.folder / "weights.safetensors").read_bytes()


def test_the_child_is_the_run_that_train_would_have_made(parent: plainloop.Run, tmp_path: Path):
    child = parent.retrain(learning_rate=3e-4, dropout=0.4, output=str(tmp_path / "a" / "child"), talk=QUIET)
    data = parent.folder.parent.parent / "pets.csv"
    options: dict[str, Any] = {**QUICK, "learning_rate": 3e-4, "set": {"dropout": 0.4}}
    direct = plainloop.train(data, "label", output=str(tmp_path / "direct"), **options)
    assert weights(child) == weights(direct) != weights(parent)
    assert child.metrics["test"] == direct.metrics["test"]
    assert json.loads((child.folder / "split.json").read_text()) == json.loads((parent.folder / "split.json").read_text())


def test_the_child_says_what_changed_and_why_the_rest_is_as_it_is(parent: plainloop.Run, tmp_path: Path):
    child = plainloop.retrain(parent.folder, epochs=1, seed=3, output=str(tmp_path / "child"), talk=QUIET)
    assert child.lineage["changed"] == {"train.epochs": [2, 1], "machine.seed": [0, 3]}
    assert child.lineage["weights"] == "scratch"
    assert (child.folder / child.lineage["parent"]).resolve() == parent.folder.resolve()
    assert child.lineage["parent_results"]["log_loss"] == parent.metrics["test"]["log_loss"]["value"]
    assert list(differences(parent.config, child.config)) == ["train.epochs", "machine.seed"]
    before, after = reasons_of(parent.folder), reasons_of(child.folder)
    assert after == {**before, "train.epochs": "asked for", "machine.seed": "asked for"}
    assert before["train.batch_size"].startswith("for ")
    text = lineage_text(child)
    assert "train.epochs" in text
    assert "log loss" in text
    assert parent.lineage == {}


def test_the_weights_of_the_parent_are_where_the_child_begins(parent: plainloop.Run, tmp_path: Path):
    """With not one epoch the child has the very weights of its parent."""
    child = parent.retrain(from_weights=True, epochs=0, output=str(tmp_path / "child"), talk=QUIET)
    assert weights(child) == weights(parent)
    assert child.lineage["weights"] == "parent"
    scratch = parent.retrain(epochs=0, output=str(tmp_path / "scratch"), talk=QUIET)
    assert weights(scratch) != weights(parent)
    beside = plainloop.compare(scratch, child, output="")
    assert beside.settings == {"begun with": ["new weights", f"those of {parent.folder.name}"]}
    assert "+- " in (shown := runs_text(plainloop.runs(str(tmp_path)) + plainloop.runs(str(parent.folder.parent))))
    assert "from its weights, epochs=0" in shown


def test_a_run_whose_data_has_moved_leaves_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = write_csv(tmp_path / "pets.csv", rows=120)
    plainloop.train(data, "label", output=str(tmp_path / "runs" / "pets-1"), **{**QUICK, "epochs": 1})
    data.rename(tmp_path / "elsewhere.csv")
    monkeypatch.chdir(tmp_path)
    for use in (
        lambda: plainloop.retrain("runs/pets-1", epochs=2, talk=QUIET),
        lambda: plainloop.lr_find("runs/pets-1", talk=QUIET),
        lambda: plainloop.lr_sweep("runs/pets-1", rates=[1e-3], talk=QUIET),
        lambda: plainloop.tune("runs/pets-1", trials=1, talk=QUIET),
    ):
        with pytest.raises(DataChanged) as refused:
            use()
        assert re.search(r"started: [^ ]*pets\.csv is not there", refused.value.what)
        assert ".." not in refused.value.what
        assert "runs/pets-1/run.toml" in refused.value.fix, "the run.toml that stays"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["pets-1"]


def test_a_retraining_that_changes_nothing_is_refused_before_it_trains(parent: plainloop.Run, tmp_path: Path):
    lines: list[str] = []
    options: dict[str, Any] = {"output": str(tmp_path / "child"), "talk": Talk(say=lines.append)}
    dropout = parent.config.model.settings["dropout"]
    with pytest.raises(NothingChanges, match=f"has model.dropout={dropout} already"):
        parent.retrain(dropout=dropout, **options)
    assert not (tmp_path / "child").exists()
    parent.retrain(dropout=dropout, epochs=1, **options)
    text = "\n".join(lines)
    assert f"has model.dropout={dropout} already" in text, "the one of two that changes nothing"
    assert text.index(f"A child of {parent.folder}: train.epochs 2 -> 1") < text.index("Training table_mlp")
    lines.clear()
    same = parent.retrain(**{**options, "output": str(tmp_path / "same")})
    assert weights(same) == weights(parent)
    assert lines[0].startswith(f"\nNo setting differs from {parent.folder}")
    assert "Is it real?" not in "\n".join(lines)


def test_settings_for_inputs_that_are_not_there_are_said_and_harmless(parent: plainloop.Run, tmp_path: Path):
    lines: list[str] = []
    settings = {"augment.mixup": 0.5, "flip_average": True, "vocabulary": 99}
    child = parent.retrain(**settings, output=str(tmp_path / "child"), talk=Talk(say=lines.append))
    for name in ("mixup", "flip_average", "vocabulary"):
        assert any(f"The setting {name} has no effect: there are no" in line for line in lines)
    assert weights(child) == weights(parent)


def test_a_run_that_never_began_says_so(tmp_path: Path):
    place = tmp_path / "pets-1"
    place.mkdir()
    for use in (plainloop.load, plainloop.resume, plainloop.retrain):
        with pytest.raises(RunNotBegun, match="rm -r"):
            use(place)
    (place / ".lock").write_text("")
    (place / "plain").mkdir()
    with pytest.raises(RunNotBegun):
        plainloop.load(place)
    assert plainloop.runs(str(tmp_path)) == []


def test_a_run_of_a_model_given_as_an_object_is_not_told_to_be_resumed(tmp_path: Path):
    data, place = write_csv(tmp_path / "pets.csv", rows=120), tmp_path / "run"
    options = {**QUICK, "talk": Talk(quiet=True, watch=lambda step, steps: 15)}

    class Net(torch.nn.Module):
        def __init__(self, layer: torch.nn.Module):
            super().__init__()
            self.layer = layer

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

    model = Net(torch.nn.Linear(2, 1))
    with pytest.raises(Exception, match=r"(?s)Stopped by signal.*with the model once more"):
        plainloop.train(data, "label", model=model, ignore="city,day,a", output=str(place), **options)
    with pytest.raises(RunNotFinished, match="with the model once more"):
        plainloop.load(place)


def test_a_child_goes_on_and_is_ejected_like_any_run(parent: plainloop.Run, tmp_path: Path):
    child = parent.retrain(from_weights=True, epochs=1, output=str(tmp_path / "child"), talk=QUIET)
    assert (child.eject(tmp_path / "project") / "initial.safetensors").exists()
    toml = (child.folder / "run.toml").read_text(encoding="utf-8")
    (child.folder / "run.toml").write_text(toml[: toml.index("[result]")], encoding="utf-8")
    (child.folder / "weights.safetensors").unlink()
    before, again = child.metrics, plainloop.resume(child.folder, talk=QUIET)
    assert again.metrics["test"] == before["test"]
    assert again.lineage == child.lineage


def test_another_model(parent: plainloop.Run, tmp_path: Path):
    child = parent.retrain(model="table_linear", output=str(tmp_path / "child"), talk=QUIET)
    assert child.config.model.file == "table_linear"
    assert child.config.train.learning_rate == 0.01, "the default of that model"
    assert child.lineage["changed"]["model"] == ["table_mlp", "table_linear"]
    (tmp_path / "mynet.py").write_text(
        "from torch import nn\n\nclass MyNet(nn.Module):\n    def __init__(self, num_inputs, num_outputs, width=4):\n"
        "        super().__init__()\n        self.layers = nn.Sequential(nn.Linear(num_inputs, width), nn.ReLU(),"
        " nn.Linear(width, num_outputs))\n\n    def forward(self, x):\n        return self.layers(x)\n"
    )
    own = parent.retrain(model=str(tmp_path / "mynet.py"), output=str(tmp_path / "own"), talk=QUIET)
    (tmp_path / "mynet.py").unlink()
    wide = own.retrain(**{"model.width": 8}, output=str(tmp_path / "wide"), talk=QUIET)
    assert {tuple(w.shape) for w in wide.model.parameters()} != {tuple(w.shape) for w in own.model.parameters()}


def test_data_that_was_in_memory_goes_along(tmp_path: Path):
    frame = pd.read_csv(write_csv(tmp_path / "pets.csv", rows=150))
    first = plainloop.train(frame, "label", output=str(tmp_path / "first"), **QUICK)
    child = first.retrain(epochs=1, output=str(tmp_path / "child"), talk=QUIET)
    shutil.rmtree(first.folder)
    assert child.retrain(epochs=2, output=str(tmp_path / "grandchild"), talk=QUIET).predict(frame)


def test_what_cannot_be_retrained_is_refused_and_leaves_no_folder(parent: plainloop.Run):
    before = sorted(path.name for path in parent.folder.parent.iterdir())
    with pytest.raises(UnknownSetting) as unknown:
        parent.retrain(learnig_rate=0.1)
    assert "learning_rate" in str(unknown.value)
    with pytest.raises(BadSetting):
        parent.retrain(learning_rate=-1)
    with pytest.raises(UnknownModel):
        parent.retrain(model="table_mpl")
    with pytest.raises(UnknownModel) as none:
        parent.retrain(model="transformer")
    assert none.value.fix.endswith("--model table_transformer")
    assert "image" not in none.value.expected, "models of other data are no help"
    with pytest.raises(WeightsSawTest):
        parent.retrain(from_weights=True, **{"split.seed": 1})
    with pytest.raises(WeightsDoNotFit) as sizes:
        parent.retrain(from_weights=True, width=16)
    assert sizes.value.fix.endswith("--set model.width=16"), "a line to paste"
    assert sorted(path.name for path in parent.folder.parent.iterdir()) == before


def test_a_run_that_failed_can_be_retrained_but_has_no_weights_to_begin_with(parent: plainloop.Run, tmp_path: Path):
    with pytest.raises(plainloop.PlainloopError, match="not a finite number"):
        parent.retrain(learning_rate=100, optimizer="sgd", output=str(tmp_path / "failed"), talk=QUIET)
    (tmp_path / "failed" / "weights.safetensors").unlink(missing_ok=True)
    with pytest.raises(RunNotFinished):
        plainloop.retrain(tmp_path / "failed", from_weights=True, talk=QUIET)
    child = plainloop.retrain(tmp_path / "failed", learning_rate=1e-3, output=str(tmp_path / "child"), talk=QUIET)
    assert "parent_results" not in child.lineage
    assert "A child of" in lineage_text(child)


def test_the_command_and_the_tree_of_runs(parent: plainloop.Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(parent.folder.parent.parent)
    code, out = command("retrain", "runs/pets-1", "--epochs", "1", "--set", "dropout=0.3")
    assert code == 0, out
    assert "everything is saved in runs/pets-2" in out
    assert "train.epochs   2       1" in out
    code, out = command("retrain", "runs/pets-1", "--set", "epoch=1")
    assert code == 2
    assert "Fix: plainloop retrain runs/pets-1 --set" in out
    assert "--set epochs=1" in out
    code, out = command("retrain", "runs/pets-1", "--set", "lookback=24")
    assert (code, "has read its data already: --lookback cannot change that" in out) == (2, True), out
    assert out.splitlines()[-1] == "Fix: train a new run on the data, with the options of this one and --lookback 24"
    if not torch.cuda.is_available():
        code, out = command("retrain", "runs/pets-1", "--device", "cuda")
        assert (code, out.splitlines()[-1]) == (2, "Fix: plainloop retrain runs/pets-1 --device auto")
        code, out = command("train", "pets.csv", "--target", "label", "--set", "device=cuda")
        assert (code, out.splitlines()[-1]) == (2, "Fix: plainloop train pets.csv --target label --set device=cpu")
    shown = command("runs")[1].splitlines()
    places = [next(i for i, line in enumerate(shown) if name in line) for name in ("runs/pets-1", "+- runs/pets-2")]
    assert places[1] == places[0] + 1
    assert "epochs=1, model.dropout=0.3" in shown[places[1]]
    listed = json.loads(command("runs", "--json")[1])["runs"]
    assert {run["run"]: run["parent"] for run in listed} == {"runs/pets-1": "", "runs/pets-2": "runs/pets-1"}
    assert {run["run"]: run["changed"] for run in plainloop.runs("runs")}["runs/pets-2"] == {
        "train.epochs": 1,
        "model.dropout": 0.3,
    }
