"""The figures of a run in TensorBoard and MLflow, read back with their own readers; what is not installed is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import plainloop
from plainloop.adjust.adjust_problems import PackageMissing
from plainloop.training import Talk
from plainloop.understand.setting_problems import BadSetting
from small import write_csv

QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": Talk(quiet=True)}


def test_tensorboard(tmp_path: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = write_csv(tmp_path / "pets.csv", rows=120)
    run = plainloop.train(data, "label", log="tensorboard", output=str(tmp_path / "run"), **{**QUICK, "talk": Talk(quiet=True)})
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    assert [one.value for one in events.Scalars("val/loss")] == pytest.approx(run.history["val_loss"])
    assert [one.step for one in events.Scalars("train/accuracy")] == [1, 2]
    value = run.metrics["test"]["log_loss"]["value"]
    assert events.Scalars("hparam/test_log_loss")[0].value == pytest.approx(value, rel=1e-5)
    plain = plainloop.train(data, "label", output=str(tmp_path / "plain"), **{**QUICK, "talk": Talk(quiet=True)})
    assert (plain.folder / "weights.safetensors").read_bytes() == (run.folder / "weights.safetensors").read_bytes()


def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/flow.db")
    data = write_csv(tmp_path / "pets.csv", "Regression", rows=120)
    run = plainloop.train(data, "price", log="mlflow", output=str(tmp_path / "run"), **{**QUICK, "talk": Talk(quiet=True)})
    client = mlflow.tracking.MlflowClient()
    found = client.search_runs([client.get_experiment_by_name("plainloop").experiment_id])[0]
    assert found.info.status == "FINISHED"
    assert found.data.params["train.epochs"] == "2"
    assert found.data.metrics["test_rmse"] == pytest.approx(run.metrics["test"]["rmse"]["value"])
    assert [one.value for one in client.get_metric_history(found.info.run_id, "val_rmse")] == pytest.approx(
        run.history["val_rmse"]
    )


def test_wandb_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    data = write_csv(tmp_path / "pets.csv", rows=120)
    run = plainloop.train(data, "label", log="wandb", output=str(tmp_path / "run"), **QUICK)
    written = b"".join(path.read_bytes() for path in (run.folder / "wandb").glob("offline-run-*/*.wandb"))
    for value in [*run.history["val_loss"], run.metrics["test"]["log_loss"]["value"]]:
        assert json.dumps(value).encode() in written  # its records hold figures as JSON
    assert b"train.learning_rate" in written


def test_what_is_not_there_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plainloop.logs.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    data = write_csv(tmp_path / "pets.csv", rows=120)
    with pytest.raises(PackageMissing, match="pip install wandb"):
        plainloop.train(data, "label", log="wandb", output=str(tmp_path / "run"), **QUICK)
    with pytest.raises(BadSetting, match="tensorboard"):
        plainloop.train(data, "label", log="tensorbord", output=str(tmp_path / "run"), **QUICK)
    assert not (tmp_path / "run").exists()
