"""Exports give the model's scores where plainloop is not, and what stands beside them is enough to use them."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import plainloop
from clocks import train, write_load
from plainloop.handover.export import check, some_rows
from plainloop.handover.preparation_file import preparation_facts
from plainloop.run_folder import Run
from plainloop.run_problems import CannotEject, ExportFailed, UnknownFormat
from plainloop.training import Talk
from plainloop.use import table_of
from test_eject import Given, write_table

# name -> target, and the options of its run; every run reads the same table
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "single": ("cheap", {"ignore": "price,kind,dry,quiet", "set": ["members=1"]}),
    "ensemble": ("kind", {"ignore": "price,cheap,warm", "set": ["members=4"]}),
    "transformer": ("price", {"ignore": "kind,cheap", "model": "table_transformer"}),
    "linear": ("warm,dry,quiet", {"ignore": "price", "model": "table_linear"}),
}


# what it computes depends on the values, so torch cannot trace it
STUBBORN = """
from torch import nn


class Stubborn(nn.Linear):
    def __init__(self):
        super().__init__(3, 1)

    def forward(self, x):
        return super().forward(x) * (2.0 if float(x.sum()) > 0 else 1.0)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("export")
    table = write_table(folder / "table.csv")
    return {
        name: plainloop.train(
            table, target, epochs=1, baseline=False, output=str(folder / name), talk=Talk(quiet=True), **options
        )
        for name, (target, options) in RUNS.items()
    }


def scores_of(run: Any) -> tuple[dict[str, Tensor], Tensor]:
    inputs = some_rows(run)
    with torch.inference_mode():
        return inputs, run.model(inputs)


@pytest.mark.parametrize("name", RUNS)
def test_onnx_gives_the_scores_of_the_model_for_any_number_of_rows(name: str, runs: dict[str, Any], tmp_path: Path):
    file = runs[name].export("onnx", tmp_path / "net.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx", "net.preparation.json"], (
        "one file, and its preparation"
    )
    onnx.checker.check_model(onnx.load(str(file)), full_check=True)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    inputs, scores = scores_of(runs[name])
    assert {one.name: one.shape[0] for one in session.get_inputs()} == dict.fromkeys(inputs, "rows")
    assert [one.name for one in session.get_outputs()] == ["scores"]
    for rows in (1, 7, len(scores)):
        found = session.run(["scores"], {kind: values[:rows].numpy() for kind, values in inputs.items()})[0]
        np.testing.assert_allclose(found, scores[:rows].numpy(), rtol=0, atol=1e-4)
    assert scores.dim() == (3 if name == "ensemble" else 2)
    assert str(Path(plainloop.__file__).parent).encode() not in file.read_bytes(), "no path of this machine"


@pytest.mark.parametrize("name", ["ensemble", pytest.param("transformer", marks=pytest.mark.slow)])
def test_pt2_gives_the_scores_of_the_model_for_any_number_of_rows(name: str, runs: dict[str, Any], tmp_path: Path):
    file = runs[name].export("pt2", tmp_path / "net.pt2")
    module = torch.export.load(file).module()
    inputs, scores = scores_of(runs[name])
    for rows in (1, 7, len(scores)):
        torch.testing.assert_close(
            module({kind: values[:rows] for kind, values in inputs.items()}), scores[:rows], rtol=0, atol=1e-4
        )


def test_a_forecast_is_exported_for_any_number_of_rows_with_and_without_its_data(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 200)
    options = {"time": "date", "horizon": 6, "lookback": 24, "calendar": True, "model": "series_rnn", "set": ["loss=quantile"]}
    run = train(data, "load,heat", tmp_path / "run", **{**options, "epochs": 1})
    inputs, scores = scores_of(run)
    data.unlink()
    file = run.export("onnx", tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for rows in (1, 5, len(scores)):
        found = session.run(["scores"], {kind: values[:rows].numpy() for kind, values in inputs.items()})[0]
        np.testing.assert_allclose(found, scores[:rows].numpy(), rtol=0, atol=1e-4)


def test_state_dict_has_the_names_and_values_of_the_module(runs: dict[str, Any], tmp_path: Path):
    found, wanted = (
        load_file(runs["linear"].export("state_dict", tmp_path / "net.safetensors")),
        runs["linear"].model.state_dict(),
    )
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_rows_can_be_encoded_and_scores_decoded_with_what_stands_beside(runs: dict[str, Any], tmp_path: Path):
    """From cells of text to labels and probabilities with numpy, the JSON file and onnxruntime alone, as the file says."""
    run = runs["single"]
    file = run.export("onnx", tmp_path / "net.onnx")
    facts = json.loads((tmp_path / "net.preparation.json").read_text(encoding="utf-8"))
    rows = [
        {"area": "95.5", "age": "31", "city": "Rome", "garden": "yes", "sold": "2024-03-05", "warm": "1"},
        {"area": " 20 ", "age": "n/a", "city": "Atlantis", "garden": "no", "sold": "2024-11-30", "warm": "0"},
        {"area": "", "age": "55.5", "city": "", "garden": "", "sold": "", "warm": ""},
    ]
    inputs = {
        kind: np.concatenate(
            [
                encoded([row[column["name"]] for row in rows], column, facts["missing"])
                for column in facts["columns"]
                if column["input"] == kind
            ],
            1,
        ).astype(one["dtype"])
        for kind, one in facts["inputs"].items()
    }
    assert {column["type"] for column in facts["columns"]} == {"number", "category", "boolean", "datetime"}
    assert {kind: ["rows", values.shape[1]] for kind, values in inputs.items()} == {
        kind: one["shape"] for kind, one in facts["inputs"].items()
    }
    wanted = run.preparation.inputs(table_of(run, rows, with_target=False)[0])
    for kind, values in wanted.items():
        np.testing.assert_allclose(inputs[kind], values.numpy(), rtol=0, atol=1e-6)
    scores = onnxruntime.InferenceSession(str(file)).run(["scores"], inputs)[0]
    positive = (1 / (1 + np.exp(-scores.reshape(len(rows), -1)))).mean(1)
    assert [facts["task"]["labels"][int(p > 0.5)] for p in positive] == run.predict(rows, tmp_path / "predictions.csv")
    last = [line.split(",")[-1] for line in (tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines()[1:]]
    np.testing.assert_allclose(positive, [float(cell) for cell in last], atol=1e-5)


def encoded(cells: list[str], column: dict[str, Any], missing: list[str]) -> np.ndarray:
    """The slots of a column as the readme in the file says. Shape: (n, slots)."""
    known: list[str | None] = [
        None if (text := cell.strip()) in {"", *missing, *column["also_missing"]} else text for cell in cells
    ]
    if column["type"] == "category":
        return np.array(
            [[1 if cell is None else 2 + column["words"].index(cell) if cell in column["words"] else 0] for cell in known]
        )
    if column["type"] == "boolean":
        signs = [[{column["true"]: 1, column["false"]: -1}.get(cell, 0)] for cell in known]
        return np.array([[*sign, int(sign == [0])] if column["flag"] else sign for sign in signs])
    read = (
        float
        if column["type"] == "number"
        else lambda cell: datetime.strptime(cell, column["format"] or "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    )
    slots = []
    for cell in known:
        value = None if cell is None else read(cell)
        z = 0.0 if value is None else (value - column["center"]) / column["spread"]
        slots.append([z / np.sqrt(1 + (z / 3) ** 2), *([float(value is None)] if column["flag"] else [])])
        for part in column.get("parts", []):
            angle = 2 * np.pi * ((value or 0.0) % (period := {"year": 31556952, "week": 604800, "day": 86400}[part])) / period
            slots[-1] += [0.0, 0.0] if value is None else [np.sin(angle), np.cos(angle)]
    return np.array(slots)


def test_the_file_says_how_to_use_it(runs: dict[str, Any]):
    for name, words in (("ensemble", "softmax"), ("transformer", "std + mean"), ("linear", "sigmoid")):
        facts = json.loads(json.dumps(preparation_facts(runs[name], *scores_of(runs[name])), allow_nan=False))
        assert words in facts["readme"]["decode"]
        assert "unpickles" in facts["readme"]["load"]["pt2"]
        assert set(facts["readme"]["encode"]) == {column["type"] for column in facts["columns"]}
        assert facts["scores"]["axes"] == ("rows, members, outputs" if name == "ensemble" else "rows, outputs"), name
    assert facts["task"]["labels"] == facts["task"]["targets"] == ["warm", "dry", "quiet"]


def test_a_file_with_other_weights_or_without_sense_is_refused(runs: dict[str, Any], tmp_path: Path):
    run = runs["linear"]
    file, (inputs, scores) = run.export("onnx", tmp_path / "net.bin"), scores_of(run)
    check("onnx", file, inputs, scores, run.folder)
    model = onnx.load(str(file))
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    weights.raw_data = (np.frombuffer(weights.raw_data, np.float32) + 0.01).tobytes()
    onnx.save(model, str(file))
    with pytest.raises(ExportFailed, match="scores differ from the model's by up to"):
        check("onnx", file, inputs, scores, run.folder)
    with pytest.raises(ExportFailed, match=r"does not work without plainloop.*shape"):
        check("onnx", file, inputs, scores[:, :2], run.folder)
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(ExportFailed, match="does not work without plainloop"):
        check("onnx", file, inputs, scores, run.folder)


def test_other_weights_in_a_state_dict_are_refused(runs: dict[str, Any], tmp_path: Path):
    run, file = runs["linear"], tmp_path / "net.safetensors"
    save_file({name: values + 0.01 for name, values in run.model.state_dict().items()}, file)
    with pytest.raises(ExportFailed, match="scores differ from the model's by up to"):
        check("state_dict", file, *scores_of(run), run.folder)


def test_a_check_that_fails_leaves_nothing_behind(runs: dict[str, Any], tmp_path: Path):
    """The run's own files make the model that a state_dict is checked with: here they make another one."""
    folder = shutil.copytree(runs["linear"].folder, tmp_path / "run")
    model = folder / "plain" / "models" / "table_linear.py"
    model.write_text(model.read_text(encoding="utf-8").replace("return scores", "return scores + 1"), encoding="utf-8")
    shutil.copy(Path(runs["linear"].folder).parent / "table.csv", tmp_path)
    run = Run(folder, model=runs["linear"].model)
    with pytest.raises(ExportFailed):
        run.export("state_dict", tmp_path / "out" / "net.safetensors")
    assert list((tmp_path / "out").iterdir()) == []


def test_where_the_data_is_gone_made_up_rows_are_compared(runs: dict[str, Any], tmp_path: Path):
    run = plainloop.load(shutil.copytree(runs["ensemble"].folder, tmp_path / "run"))
    assert run.export("state_dict") == tmp_path / "run" / "model.safetensors"
    assert {kind: values.shape[1] for kind, values in some_rows(run).items()} == {
        kind: values.shape[1] for kind, values in some_rows(runs["ensemble"]).items()
    }
    assert not list((tmp_path / "run").rglob("__pycache__"))


def test_unknown_formats_and_missing_packages_are_refused_in_words(runs: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UnknownFormat, match="Did you mean onnx"):
        runs["single"].export("onxx")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ExportFailed, match=r"package onnxscript is not installed.*\n.*\nFix: pip install onnxscript"):
        runs["single"].export("onnx")


def test_modules_of_the_users_own(tmp_path: Path):
    """One given as an object is exported where that can be checked; one that cannot be traced is refused in words."""
    inputs = np.random.default_rng(2).normal(size=(120, 3))
    options: dict[str, Any] = {"epochs": 1, "baseline": False, "talk": Talk(quiet=True)}
    given = plainloop.train((inputs, inputs.sum(1)), model=Given([3, 1]), output=str(tmp_path / "given"), **options)
    assert given.export("onnx").is_file()
    with pytest.raises(CannotEject):
        given.export("state_dict")
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    model = f"{tmp_path / 'stubborn.py'}:Stubborn"
    stubborn = plainloop.train((inputs, inputs.sum(1)), model=model, output=str(tmp_path / "stubborn"), **options)
    with pytest.raises(ExportFailed, match="torch cannot trace the model"):
        stubborn.export("pt2")
    assert stubborn.export("state_dict").is_file()
