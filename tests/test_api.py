"""The words of plainloop in Python: data of every form, the attributes of a run, metrics of the user's own, errors, notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
import torchmetrics
from torch.utils.data import Dataset, TensorDataset

import plainloop
from plainloop.training import Talk
from plainloop.understand.setting_problems import UnknownOption
from small import write_csv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4)).astype(np.float32)
LABELS = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
NUMBERS = 3 * X[:, 0] - X[:, 2]
QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": Talk(quiet=True)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data") / "pets.csv", rows=200)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    return plainloop.train(str(data), target="label", output=str(tmp_path_factory.mktemp("runs") / "run"), **QUICK)


def test_the_attributes_of_a_run(run: plainloop.Run):
    assert list(run.history)[:3] == ["epoch", "train_loss", "val_loss"]
    assert run.history["epoch"] == [1, 2]
    assert all(len(values) == 2 for values in run.history.values())
    assert set(run.metrics["test"]["accuracy"]) == {"value", "low", "high"}
    assert run.metrics["task"] == "binary"
    assert sum(run.metrics["rows"].values()) == 200
    assert run.metrics["rows"]["train"] == pytest.approx(140, abs=2)
    assert isinstance(run.model, torch.nn.Module)
    assert not run.model.training
    assert run.report.is_file()
    assert run.config.train.epochs == 2
    assert repr(run).startswith(f"Run('{run.folder}', binary of 'label' by table_mlp, test log_loss ")


def test_a_run_that_is_loaded_is_the_run(run: plainloop.Run, data: Path):
    again = plainloop.load(run.folder)
    assert again.history == run.history
    assert again.metrics == run.metrics
    assert plainloop.predict(run.folder, data) == run.predict(data) == again.predict(data)
    assert plainloop.evaluate(again, data)["rows"] == 200
    assert [found["run"] for found in plainloop.runs(run.folder.parent)] == [str(run.folder)]
    assert plainloop.resume(run.folder, talk=Talk(quiet=True)).metrics == run.metrics


def test_the_same_seed_gives_the_same_run_and_leaves_torch_as_it_was(run: plainloop.Run, data: Path, tmp_path: Path):
    torch.manual_seed(5)
    torch.use_deterministic_algorithms(False)  # another test may have left it on
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    again = plainloop.train(str(data), "label", output=str(tmp_path / "run"), **QUICK)
    assert (again.folder / "weights.safetensors").read_bytes() == (run.folder / "weights.safetensors").read_bytes()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    other = plainloop.train(str(data), "label", output=str(tmp_path / "other"), seed=1, **QUICK)
    assert (again.folder / "weights.safetensors").read_bytes() != (other.folder / "weights.safetensors").read_bytes()


def test_frames_and_files_give_the_same_weights(run: plainloop.Run, data: Path, tmp_path: Path):
    """Whatever the form of the rows: the same cells, the same model."""
    for name, frame in (("pandas", pd.read_csv(data)), ("polars", pl.read_csv(data))):
        made = plainloop.train(frame, "label", output=str(tmp_path / name), **QUICK)
        assert (made.folder / "weights.safetensors").read_bytes() == (run.folder / "weights.safetensors").read_bytes(), name
        assert made.predict(frame) == run.predict(data)
        assert (made.folder / "data").is_dir(), "the run keeps rows that were in memory, so that it can be resumed"


class Pairs(Dataset):
    """A map-style dataset of (x, y), as tutorials write it."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(X[index]), int(LABELS[index])


ARRAYS: dict[str, tuple[Any, str]] = {
    "arrays, classes": ((X, LABELS), "binary"),
    "arrays, words": ((X, np.where(LABELS == 1, "cat", "dog")), "binary"),
    "arrays, numbers": ((X, NUMBERS), "regression"),
    "arrays, a column": ((X, NUMBERS[:, None]), "regression"),
    "arrays, labels": ((X, np.stack([LABELS, 1 - LABELS, X[:, 3] > 0], 1)), "multilabel"),
    "tensors": ((torch.from_numpy(X), torch.from_numpy(LABELS)), "binary"),
    "lists": ((X.tolist(), LABELS.tolist()), "binary"),
    "frame and series": ((pd.DataFrame(X, columns=list("abcd")), pd.Series(LABELS, name="kind")), "binary"),
    "TensorDataset": (TensorDataset(torch.from_numpy(X), torch.from_numpy(LABELS)), "binary"),
    "Dataset": (Pairs(), "binary"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_and_datasets_are_understood(name: str):
    seen = plainloop.inspect(ARRAYS[name][0])
    assert seen.as_dict()["task"]["name"] == ARRAYS[name][1]
    assert sum(len(rows) for rows in seen.rows.values()) == 200


@pytest.mark.parametrize("name", ["arrays, numbers", "TensorDataset"])
def test_arrays_and_datasets_train_and_predict(name: str, tmp_path: Path):
    source, task = ARRAYS[name]
    run = plainloop.train(source, output=str(tmp_path / "run"), **{**QUICK, "epochs": 12})
    assert run.metrics["task"] == task
    found = run.predict(X)
    assert len(found) == 200
    if task == "regression":
        assert np.corrcoef(found, NUMBERS)[0, 1] > 0.8
    else:
        assert np.mean(np.array(found, int) == LABELS) > 0.8
    assert run.predict(torch.from_numpy(X[:3])) == pytest.approx(found[:3]) if task == "regression" else found[:3]


def test_a_frame_of_validation_rows_is_taken_as_it_is(data: Path, tmp_path: Path):
    frame = pd.read_csv(data)
    run = plainloop.train(frame[:150], "label", validation=frame[150:], test=0.2, output=str(tmp_path / "run"), **QUICK)
    assert run.metrics["rows"] == {"train": 120, "val": 50, "test": 30}


def test_a_metric_of_torchmetrics_is_computed_and_kept(data: Path, tmp_path: Path):
    metrics = [torchmetrics.classification.BinaryMatthewsCorrCoef(), torchmetrics.classification.BinaryAUROC()]
    run = plainloop.train(str(data), "label", metrics=metrics, output=str(tmp_path / "run"), **QUICK)
    test = plainloop.load(run.folder).metrics["test"]
    names = {name.replace("_", "").lower(): figures["value"] for name, figures in test.items()}
    assert -1 <= names["binarymatthewscorrcoef"] <= 1
    assert names["binaryauroc"] == pytest.approx(test["roc_auc"]["value"], abs=1e-5)


def test_errors_are_plainloops_and_value_errors_and_carry_their_parts(data: Path, tmp_path: Path):
    for call in (
        lambda: plainloop.train(str(data), "lable", output=str(tmp_path / "run"), **QUICK),
        lambda: plainloop.train(str(tmp_path / "nothing.csv"), "label", **QUICK),
        lambda: plainloop.train(str(data), "label", epoch=3),
        lambda: plainloop.train((X, LABELS[:-1]), **QUICK),
        lambda: plainloop.load(tmp_path / "no-run"),
    ):
        with pytest.raises(plainloop.PlainloopError) as caught:
            call()
        assert isinstance(caught.value, ValueError)
        assert all((caught.value.what, caught.value.expected, caught.value.fix))
        assert caught.value.exit_code == 2
    assert not (tmp_path / "run").exists()
    assert not Path("runs").exists() or not list(Path("runs").glob("nothing*"))


def test_a_refusal_of_rows_in_memory_leaves_no_folder(tmp_path: Path):
    with pytest.raises(plainloop.PlainloopError):
        plainloop.train(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "b", output=str(tmp_path / "run"), **QUICK)
    assert not (tmp_path / "run").exists()


def test_an_output_that_is_there_is_not_written_over(run: plainloop.Run, data: Path):
    before = (run.folder / "weights.safetensors").read_bytes()
    with pytest.raises(plainloop.PlainloopError, match="exists and is not empty"):
        plainloop.train(str(data), "label", output=str(run.folder), **QUICK)
    assert (run.folder / "weights.safetensors").read_bytes() == before


def test_notices_are_told_and_have_their_parts(tmp_path: Path):
    frame = pd.DataFrame(X, columns=list("abcd")).assign(constant="same", label=np.where(LABELS == 1, "cat", "dog"))
    seen = plainloop.inspect(frame, "label")
    assert seen.notices
    assert all(
        isinstance(notice, plainloop.Notice) and notice.what and notice.kind in ("warning", "repair") for notice in seen.notices
    )
    said: list[str] = []
    options = {**QUICK, "talk": Talk(say=said.append), "epochs": 1}
    plainloop.train(frame, "label", output=str(tmp_path / "run"), set=["momentum=0.5"], **options)
    assert any("constant" in line for line in said)
    assert any("The setting momentum has no effect" in line for line in said)
    assert any(line.startswith("epoch 1/1") for line in said)


def test_a_resumed_run_computes_the_metrics_it_is_given_again(data: Path, tmp_path: Path):
    said: list[str] = []
    metric = torchmetrics.classification.BinaryAccuracy()
    for name in ("one", "two"):
        options = {**QUICK, "talk": Talk(quiet=True, watch=lambda step, steps: 2)}
        with pytest.raises(Exception, match=r"[Ss]topped by signal 2"):
            plainloop.train(str(data), "label", metrics=[metric], output=str(tmp_path / name), **options)
    without = plainloop.resume(tmp_path / "one", talk=Talk(say=said.append))
    assert "binary_accuracy" not in without.metrics["test"]
    assert any("metrics of your own, which are not computed" in line for line in said)
    found = plainloop.resume(tmp_path / "two", metrics=[metric], talk=Talk(quiet=True))
    assert found.metrics["test"]["binary_accuracy"]["value"] == pytest.approx(found.metrics["test"]["accuracy"]["value"])


def test_a_caller_can_watch_and_stop(data: Path, tmp_path: Path):
    seen: list[tuple[int, int]] = []

    def watch(step: int, steps: int) -> int:
        seen.append((step, steps))
        return 15 if len(seen) == 3 else 0

    with pytest.raises(Exception, match=r"[Ss]topped by signal 15"):
        plainloop.train(str(data), "label", output=str(tmp_path / "run"), **{**QUICK, "talk": Talk(quiet=True, watch=watch)})
    assert len(seen) == 3
    run = plainloop.resume(tmp_path / "run", talk=Talk(quiet=True))
    assert run.history["epoch"] == [1, 2]


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({"epoch": 10}, "epochs=10"),
        ({"lr": 0.001}, "learning_rate=0.001"),
        ({"dropout": 0.2}, 'set={"dropout": 0.2}'),
        ({"weights": [1, 2]}, 'set={"weights": ...}'),
    ],
)
def test_a_setting_that_is_no_option_is_told_where_it_goes(given: dict[str, Any], fix: str, tmp_path: Path):
    with pytest.raises(UnknownOption) as caught:
        plainloop.train(write_csv(tmp_path / "pets.csv"), "label", **given)
    assert caught.value.fix == fix
