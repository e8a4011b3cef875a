"""Images from end to end: a folder of pictures to a judged run, predicted, evaluated, exported, ejected with equal weights."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import plainloop
from plainloop.plain.readers.image_faults import UnreadablePictures
from plainloop.training import Talk

COLOURS = {"leaf": (40, 160, 60), "sea": (30, 60, 190), "sun": (220, 180, 40)}
ALONE = "import sys, runpy; sys.modules['plainloop'] = None; sys.argv = ['plain', 'run.toml']; sys.path.insert(0, '.'); "
ALONE += "runpy.run_module('plain', run_name='__main__')"


def folder_of_pictures(place: Path, each: int = 24) -> Path:
    """Noisy squares of three colours, one sub-folder per colour."""
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (place / name).mkdir(parents=True)
        for number in range(each):
            pixels = np.clip(np.array(colour) + random.normal(0, 40, (24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / name / f"{number:02d}.png")
    return place


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    place = tmp_path_factory.mktemp("images")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAINLOOP_CACHE", str(place / "cache"))
        return plainloop.train(
            folder_of_pictures(place / "colours"), output=str(place / "run"), epochs=12, baseline=False, talk=Talk(quiet=True)
        )


def test_the_net_learns_the_colours(run: plainloop.Run):
    assert run.metrics["task"] == "multiclass"
    assert run.config.model.file == "image_resnet"
    assert run.metrics["test"]["accuracy"]["value"] > 0.8
    assert (run.folder / "pictures" / "training_batch.png").exists()


def test_predict_a_folder(run: plainloop.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    new = folder_of_pictures(tmp_path / "new", each=4)
    answers = run.predict(new / "sea", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["prediction"] for row in rows] == answers
    assert answers.count("sea") >= 3
    assert [row["file"] for row in rows] == ["sea/00.png", "sea/01.png", "sea/02.png", "sea/03.png"]
    assert all(abs(sum(float(row[f"probability_{name}"]) for name in COLOURS) - 1) < 1e-6 for row in rows)


def test_a_picture_that_cannot_be_read_gets_an_empty_prediction(
    run: plainloop.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    new = folder_of_pictures(tmp_path / "new", each=4)
    whole = run.predict(new)
    (new / "sea" / "01.png").write_bytes((new / "sea" / "01.png").read_bytes()[:300])
    answers = run.predict(new, tmp_path / "out.csv")
    assert answers == [*whole[:5], None, *whole[6:]]
    assert "1 of 12 rows has a picture that cannot be decoded" in str(run.notices[-1])
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [rows[5]["row"], rows[5]["prediction"], rows[5]["probability_sea"]] == ["5", "", ""]
    assert rows[6]["prediction"] == whole[6]
    judged = run.evaluate(new)
    assert judged["rows"] == 11
    assert any("01.png" in str(notice) for notice in judged["notices"])
    with pytest.raises(UnreadablePictures, match=r"01\.png"):
        run.predict(new / "sea" / "01.png")


def test_the_ejected_project_trains_the_same_weights(run: plainloop.Run, tmp_path: Path):
    project = run.eject(tmp_path / "project")
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [place / "weights.safetensors" for place in (run.folder, project / "output")]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in made]
    assert digests[0] == digests[1]


def test_export(run: plainloop.Run, tmp_path: Path):
    assert run.export("onnx", tmp_path / "colours.onnx").exists()
    assert (tmp_path / "colours.preparation.json").exists()


def test_a_table_with_pictures_and_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The class is in the picture for half of the rows' information and in the number for the other half."""
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    pictures = folder_of_pictures(tmp_path / "colours", each=20)
    random = np.random.default_rng(1)
    lines = ["picture,size,kind"]
    for name in COLOURS:
        for number in range(20):
            large = bool(random.integers(2))
            kind = f"{name}-{'large' if large else 'small'}"
            lines.append(f"colours/{name}/{number:02d}.png,{random.normal(9 if large else 1):.3f},{kind}")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert pictures.is_dir()
    made = plainloop.train(
        tmp_path / "table.csv", "kind", output=str(tmp_path / "run"), epochs=20, baseline=False, talk=Talk(quiet=True)
    )
    assert made.config.model.file == "mixed"
    assert made.metrics["test"]["accuracy"]["value"] > 0.5  # six classes
    project = made.eject(tmp_path / "project", with_data=False)
    assert (project / "plain" / "models" / "mixed.py").exists()
    assert (project / "plain" / "models" / "image_resnet.py").exists()
    assert (project / "plain" / "models" / "table_mlp.py").exists()
