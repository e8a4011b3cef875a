"""The ejected project is the code that ran, needs what it states and nothing else, and trains the same weights."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

import plainloop
from plainloop.handover.eject import requirements
from plainloop.run_problems import CannotEject, CodeChanged, OutputExists
from plainloop.training import Talk

ALONE = Path(__file__).with_name("alone.py")
TASKS = ["binary", "multiclass", "multilabel", "regression"]
RUNS = [*TASKS, "own_file", "sequential"]
COPIED = "multiclass"  # its data is three files of one name that go along
TIMES = ("seconds", "rows_per_second")

MYNET = '''
"""A net of the user's own, small."""
import torch
from torch import nn

from .layers import flat


class MyNet(nn.Module):
    def __init__(self, in_features, num_outputs, hidden=9):
        super().__init__()
        first, last = nn.Linear(in_features, hidden), nn.Linear(hidden, num_outputs)
        self.layers = nn.Sequential(first, nn.BatchNorm1d(hidden), nn.Tanh(), nn.Dropout(0.3), last)

    def forward(self, x):
        return self.layers(flat({"numbers": x}, []))
'''


class Given(nn.Module):
    """A module whose argument nobody knows."""

    def __init__(self, sizes: list[int]):
        super().__init__()
        self.layer = nn.Linear(*sizes)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


@dataclass
class Ejected:
    run: Any
    project: Path
    code: int = -1
    said: str = ""

    def weights(self) -> str:
        return hashlib.sha256((self.project / "output" / "weights.safetensors").read_bytes()).hexdigest()


def write_table(path: Path, rows: int = 240, seed: int = 0) -> Path:
    """Numbers with gaps, a category, a boolean, a date, and a target for every task."""
    draw = np.random.default_rng(seed)
    area, age, city = draw.normal(80, 20, rows), draw.normal(30, 9, rows), draw.integers(0, 3, rows)
    signal = (area - 80) / 20 + city + draw.normal(0, 0.5, rows)
    lines = ["area,age,city,garden,sold,price,cheap,kind,warm,dry,quiet"]
    for i in range(rows):
        gap = draw.random() < 0.1
        cells = [
            f"{area[i]:.2f}",
            "" if gap else f"{age[i]:.1f}",
            ["Oslo", "Paris", "Rome"][city[i]],
            ["no", "yes"][int(draw.random() < 0.5)],
            f"2024-{1 + i % 12:02}-{1 + i % 28:02}",
            f"{100 + 25 * signal[i]:.1f}",
            ["no", "yes"][int(signal[i] > 1)],
            ["flat", "house", "villa"][int(np.clip(signal[i] + 0.5, 0, 2))],
            *(str(int(signal[i] + draw.normal() > k)) for k in range(3)),
        ]
        lines.append(",".join(cells))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


TARGETS = {"binary": "cheap", "multiclass": "kind", "multilabel": "warm,dry,quiet", "regression": "price"}


def train(name: str, folder: Path, table: Path) -> Any:
    """The run of this name, two epochs of it. What is in gone/ is removed before its project runs."""
    options: dict[str, Any] = {"epochs": 2, "baseline": False, "output": str(folder / "runs" / name), "talk": Talk(quiet=True)}
    if name in TASKS:
        targets = TARGETS[name].split(",")
        ignore = [column for columns in TARGETS.values() for column in columns.split(",") if column not in targets]
        if name == COPIED:
            parts = {
                part: str(write_table(folder / "gone" / part / "table.csv", 80, len(part))) for part in ("validation", "test")
            }
            return plainloop.train(shutil.copy(table, folder / "gone"), targets, ignore=ignore, **parts, **options)
        return plainloop.train(table, targets, ignore=ignore, **options)
    if name == "own_file":
        (folder / "mynet.py").write_text(MYNET, encoding="utf-8")
        model = f"{folder / 'mynet.py'}:MyNet"
        return plainloop.train(table, "price", ignore="city,cheap,kind,warm,dry,quiet", model=model, **options)
    inputs = np.random.default_rng(1).normal(size=(200, 4))
    layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    return plainloop.train((inputs, inputs[:, 0] - inputs[:, 2]), model=layers, **options)


def run_alone(projects: list[Path]) -> dict[str, dict[str, Any]]:
    done = subprocess.run([sys.executable, "-I", str(ALONE), *map(str, projects)], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ejected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ejected]:
    """Every run, ejected, and its project run once in a process that has only what the projects state."""
    folder = tmp_path_factory.mktemp("eject")
    table = write_table(folder / "table.csv")
    made = {}
    for name in RUNS:
        run = train(name, folder, table)
        made[name] = Ejected(run, run.eject(folder / "projects" / "here" / name, with_data=name == COPIED))
    shutil.rmtree(folder / "gone")
    results = run_alone([one.project for one in made.values()])
    for one in made.values():
        one.code, one.said = results[str(one.project.resolve())].values()
    return made


@pytest.mark.parametrize("name", RUNS)
def test_the_project_alone_trains_the_same_weights(name: str, ejected: dict[str, Ejected]):
    one = ejected[name]
    assert one.code == 0, one.said
    assert one.weights() == hashlib.sha256((one.run.folder / "weights.safetensors").read_bytes()).hexdigest()
    assert "the same bits as the run" in one.said


@pytest.mark.parametrize("name", RUNS)
def test_the_project_alone_has_the_same_history_and_predictions(name: str, ejected: dict[str, Ejected]):
    one = ejected[name]
    header, *lines = (one.project / "output" / "history.csv").read_text(encoding="utf-8").splitlines()
    found = dict(zip(header.split(","), zip(*(line.split(",") for line in lines), strict=True), strict=True))
    assert {key: [float(value) for value in values] for key, values in found.items() if key not in TIMES} == {
        key: [float(value) for value in values] for key, values in one.run.history.items() if key not in TIMES
    }
    assert len(found["epoch"]) == 2
    for file in ("predictions.csv", "split.json", "prepared.json"):
        assert (one.project / "output" / file).read_bytes() == (one.run.folder / file).read_bytes()


@pytest.mark.parametrize("name", RUNS)
def test_the_code_is_that_of_the_run_and_nothing_else_is_python(name: str, ejected: dict[str, Ejected]):
    one = ejected[name]
    digests = tomllib.loads((one.run.folder / "run.toml").read_text(encoding="utf-8"))["code"]
    files = {
        path.relative_to(one.project / "plain").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in one.project.rglob("*.py")
    }
    assert files == digests
    expected = {"README.md", "plain", "requirements.txt", "run.toml", "output"}
    expected |= {"data"} if name in ("sequential", COPIED) else set()
    expected |= {"initial.safetensors"} if name == "sequential" else set()
    assert {path.name for path in one.project.iterdir()} == expected


def test_a_model_file_brings_the_files_that_it_imports(ejected: dict[str, Ejected]):
    assert (ejected["own_file"].project / "plain" / "models" / "layers.py").is_file()
    assert not (ejected["regression"].project / "plain" / "models" / "layers.py").exists()


def test_other_settings_or_code_give_other_weights_and_what_is_not_stated_cannot_be_imported(
    ejected: dict[str, Ejected], tmp_path: Path
):
    """A project that has run trains anew; and the comparisons above can fail."""
    again, foreign, ours, lost = (
        shutil.copytree(ejected[name].project, tmp_path / name) for name in ("sequential", COPIED, "own_file", "binary")
    )
    toml = (again / "run.toml").read_text(encoding="utf-8")
    (again / "run.toml").write_text(toml.replace("weight_decay = ", "weight_decay = 0.1  # was "), encoding="utf-8")
    for project, line in ((foreign, "import pandas\n"), (ours, "import plainloop\n")):
        (project / "plain" / "split.py").write_text(line, encoding="utf-8")
    results = run_alone([again, foreign, ours, lost])
    codes = {Path(name).name: result["code"] for name, result in results.items()}
    assert codes == {"sequential": 0, COPIED: 1, "own_file": 1, "binary": 3}
    assert "NOT the weights of the run" in results[str(again)]["said"]
    assert "No module named 'pandas'" in results[str(foreign)]["said"]
    assert "No module named 'plainloop'" in results[str(ours)]["said"]
    assert "table.csv is not there" in results[str(lost)]["said"], "the copy is elsewhere, its path to the data leads nowhere"


def test_run_toml_keeps_its_text_but_for_the_paths(ejected: dict[str, Ejected]):
    for name, number in (("binary", 1), ("sequential", 0), (COPIED, 3)):
        one = ejected[name]
        before, after = (
            (folder / "run.toml").read_text(encoding="utf-8").splitlines() for folder in (one.run.folder, one.project)
        )
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == number, name
        assert all(line.startswith(("data = ", "validation = ", "test = ")) for line in changed)
    copied = tomllib.loads((ejected[COPIED].project / "run.toml").read_text(encoding="utf-8"))["source"]
    assert copied["data"] == ["data/table.csv"]
    assert len({*copied["data"], *copied["validation"], *copied["test"]}) == 3, "files of one name stay apart"


def test_requirements_pin_what_the_bits_depend_on(ejected: dict[str, Ejected]):
    lines = (ejected["binary"].project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(">=")[0].split("==")[0] for line in lines if not line.startswith("#")] == [
        "torch",
        "numpy",
        "polars",
        "safetensors",
        "scikit-learn",
    ]
    text = requirements(
        {"torch": "2.13.0+cu130", "numpy": "2.4.6", "python": "3.11.7", "packages": {"polars": "2.1.0"}}, ["polars"]
    )
    assert text.splitlines()[-3:] == ["torch==2.13.0", "numpy==2.4.6", "polars>=2.1.0"]
    assert "2.13.0+cu130" in text


def test_the_readme_names_what_to_read_and_what_comes_out(ejected: dict[str, Ejected]):
    one = ejected["own_file"]
    text = (one.project / "README.md").read_text(encoding="utf-8")
    order = [
        text.index(f"`plain/{name}`")
        for name in ("run.py", "loop.py", "models/mynet.py", "models/own.py", "tasks/regress.py", "batches.py")
    ]
    assert order == sorted(order)
    assert one.weights() in text
    assert f"| rmse | {one.run.metrics['test']['rmse']['value']:.4f} |" in text
    assert "A net of the user's own, small." in text
    assert "`plain/models/mynet.py` is not plainloop's but yours" in text


def test_a_changed_or_lost_file_of_the_run_is_refused(ejected: dict[str, Ejected], tmp_path: Path):
    folder = shutil.copytree(ejected["own_file"].run.folder, tmp_path / "run")
    file = folder / "plain" / "models" / "mynet.py"
    file.write_text(file.read_text(encoding="utf-8").replace("0.3", "0.4"), encoding="utf-8")
    with pytest.raises(CodeChanged, match=r"mynet\.py is not the file that ran"):
        plainloop.load(folder).eject(tmp_path / "project")
    file.unlink()
    with pytest.raises(CodeChanged, match="it is not there"):
        plainloop.load(folder).eject(tmp_path / "project")
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("version", ["this", "another"])
def test_changed_data_does_not_go_along(version: str, ejected: dict[str, Ejected], tmp_path: Path):
    folder = shutil.copytree(ejected["sequential"].run.folder, tmp_path / "run")
    if version == "another":  # a run made by another plainloop is opened with its own files
        file, toml = folder / "plain" / "split.py", (folder / "run.toml").read_text(encoding="utf-8")
        before = file.read_bytes()
        file.write_bytes(before + b"# of another version\n")
        digests = [hashlib.sha256(data).hexdigest() for data in (before, file.read_bytes())]
        (folder / "run.toml").write_text(toml.replace(*digests), encoding="utf-8")
    run = plainloop.load(folder)
    assert (run.eject(tmp_path / "good") / "data" / "table.parquet").is_file()
    (folder / "data" / "table.parquet").write_bytes(b"other rows")
    with pytest.raises(plainloop.PlainloopError, match="data has changed"):
        run.eject(tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_only_a_new_or_empty_folder_is_written_to(ejected: dict[str, Ejected], tmp_path: Path):
    run = ejected["multiclass"].run
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExists):
        run.eject(tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert run.eject(tmp_path / "empty") == tmp_path / "empty"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]
    assert (tmp_path / "empty" / "run.toml").is_file()


def test_what_fails_half_way_leaves_nothing(ejected: dict[str, Ejected], tmp_path: Path):
    folder = shutil.copytree(ejected["sequential"].run.folder, tmp_path / "run")
    (folder / "initial.safetensors").unlink()
    (folder / "initial.safetensors").mkdir()  # cannot be copied as a file
    with pytest.raises(plainloop.PlainloopError, match="Cannot write"):
        plainloop.load(folder).eject(tmp_path / "new" / "project")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_model_given_as_an_object_is_refused(tmp_path: Path):
    inputs = np.random.default_rng(2).normal(size=(120, 3))
    run = plainloop.train(
        (inputs, inputs.sum(1)),
        model=Given([3, 1]),
        epochs=1,
        baseline=False,
        output=str(tmp_path / "run"),
        talk=Talk(quiet=True),
    )
    with pytest.raises(CannotEject):
        run.eject(tmp_path / "project")


def test_a_model_file_that_needs_plainloop_is_refused(tmp_path: Path):
    (tmp_path / "leaning.py").write_text(MYNET.replace("from .layers", "from plainloop.plain.models.layers"), encoding="utf-8")
    inputs = np.random.default_rng(2).normal(size=(120, 3))
    run = plainloop.train(
        (inputs, inputs.sum(1)),
        model=f"{tmp_path / 'leaning.py'}:MyNet",
        epochs=1,
        baseline=False,
        output=str(tmp_path / "run"),
        talk=Talk(quiet=True),
    )
    with pytest.raises(CannotEject, match=r"leaning\.py imports plainloop"):
        run.eject(tmp_path / "project")


def test_an_ejected_project_is_not_taken_for_a_run(ejected: dict[str, Ejected]):
    one = ejected["binary"]
    with pytest.raises(plainloop.PlainloopError, match="is not a run"):
        plainloop.load(one.project)
    assert plainloop.runs(one.project.parent) == []
    assert len(plainloop.runs(one.run.folder.parent)) == len(RUNS)
