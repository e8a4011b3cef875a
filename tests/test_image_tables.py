"""Tables that name pictures: several columns of them, several labels, a number to learn; handed over with their pictures."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import plainloop
from pictures import encoded
from plainloop.plain.columns.image import Image
from plainloop.run_problems import CannotEject
from plainloop.training import Talk
from test_images_whole import ALONE

ROWS = 60


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))


def write_table(place: Path, header: list[str], rows: list[list[object]]) -> Path:
    with open(place, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return place


def squares(place: Path, name: str, levels: np.ndarray, side: int, colour: bool = True) -> list[str]:
    """A noisy square for each level of brightness; the names of the files as seen from `place`."""
    random, names = np.random.default_rng(len(name)), []
    (place / name).mkdir(parents=True)
    for number, level in enumerate(levels):
        shape = (side, side, 3) if colour else (side, side)
        pixels = np.clip(level + random.normal(0, 12, shape), 0, 255).astype(np.uint8)
        (place / name / f"{number:03d}.png").write_bytes(encoded(Pillow.fromarray(pixels), "PNG"))
        names.append(f"{name}/{number:03d}.png")
    return names


def train(source: Path, target: str, folder: Path, epochs: int = 15, **options: object) -> plainloop.Run:
    return plainloop.train(source, target, output=str(folder), epochs=epochs, baseline=False, talk=Talk(quiet=True), **options)


def test_two_columns_of_pictures_stand_side_by_side(tmp_path: Path):
    """Which of the two is brighter: neither tells alone."""
    random = np.random.default_rng(0)
    levels = random.uniform(40, 210, (ROWS, 2))
    levels[:, 1] = levels[:, 0] + np.where(np.arange(ROWS) % 2, 45, -45)
    left = squares(tmp_path, "left", levels[:, 0], 24)
    right = squares(tmp_path, "right", levels[:, 1], 20, colour=False)
    answers = ["right" if b > a else "left" for a, b in levels]
    table = write_table(
        tmp_path / "pairs.csv", ["first", "second", "brighter"], [list(row) for row in zip(left, right, answers, strict=True)]
    )
    run = train(table, "brighter", tmp_path / "run", epochs=25)
    columns = {column.name: column for column in run.config.inputs}
    assert columns["first"].size == columns["second"].size == (24, 24)
    assert (columns["first"].mode, columns["second"].mode) == ("rgb", "grey")
    assert run.preparation.shapes["image"]["channels"] == 4
    assert run.metrics["test"]["accuracy"]["value"] >= 0.8
    assert (run.folder / "pictures" / "training_batch.png").exists()
    assert len(run.predict(table)) == ROWS
    assert run.export("onnx", tmp_path / "model.onnx").exists()


def test_the_channels_of_two_columns_keep_their_places():
    a = torch.arange(2 * 3 * 4 * 3, dtype=torch.uint8).view(2, 4, 3, 3).permute(0, 3, 1, 2)
    b = torch.full((2, 1, 4, 3), 200, dtype=torch.uint8)
    joined = Image.join([a, b])
    assert torch.equal(joined, torch.cat([a, b], 1))
    assert joined.is_contiguous(memory_format=torch.channels_last)


def test_several_labels_of_a_picture(tmp_path: Path):
    levels = np.random.default_rng(1).uniform(20, 235, ROWS)
    names = squares(tmp_path, "photos", levels, 16)
    rows = [[name, int(level > 90), int(level > 160)] for name, level in zip(names, levels, strict=True)]
    table = write_table(tmp_path / "labels.csv", ["photo", "lit", "bright"], rows)
    run = train(table, "lit,bright", tmp_path / "run")
    assert run.metrics["task"] == "multilabel"
    assert run.metrics["test"]["f1_macro"]["value"] > 0.8
    assert (run.folder / "report.html").exists()
    answers = run.predict(table, tmp_path / "out.csv")
    assert all(set(answer) <= {"lit", "bright"} for answer in answers)


def test_a_number_of_a_picture(tmp_path: Path):
    levels = np.random.default_rng(2).uniform(20, 235, ROWS)
    names = squares(tmp_path, "photos", levels, 16)
    rows = [[name, f"{3 * level + 100:.2f}"] for name, level in zip(names, levels, strict=True)]
    table = write_table(tmp_path / "weights.csv", ["photo", "grams"], rows)
    run = train(table, "grams", tmp_path / "run", epochs=30)
    assert run.metrics["task"] == "regression"
    assert run.metrics["test"]["r2"]["value"] > 0.6
    assert (run.folder / "report.html").exists()
    answers = run.predict(tmp_path / "photos", tmp_path / "out.csv")  # the folder itself, without a table
    assert sorted(answers) == sorted(run.predict(table))
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0] == "row,file,prediction"


def test_the_pictures_of_a_table_go_along_with_the_project(tmp_path: Path):
    """The table stands beside the folder of its pictures, not above it."""
    levels = np.random.default_rng(3).uniform(20, 235, 40)
    names = squares(tmp_path / "source", "photos", levels, 16)
    (tmp_path / "source" / "tables").mkdir()
    rows = [[f"../{name}", "bright" if level > 128 else "dark"] for name, level in zip(names, levels, strict=True)]
    table = write_table(tmp_path / "source" / "tables" / "labels.csv", ["photo", "kind"], rows)
    run = train(table, "kind", tmp_path / "run", epochs=2)
    project = run.eject(tmp_path / "elsewhere" / "project", with_data=True)
    assert (project / "data" / "tables" / "labels.csv").exists()
    (tmp_path / "source").rename(tmp_path / "gone")
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [place / "weights.safetensors" for place in (run.folder, project / "output")]
    assert len({hashlib.sha256(file.read_bytes()).hexdigest() for file in made}) == 1


def test_pictures_named_by_whole_paths_cannot_go_along(tmp_path: Path):
    levels = np.random.default_rng(4).uniform(20, 235, 40)
    names = squares(tmp_path, "photos", levels, 16)
    rows = [[str(tmp_path / name), "bright" if level > 128 else "dark"] for name, level in zip(names, levels, strict=True)]
    run = train(write_table(tmp_path / "labels.csv", ["photo", "kind"], rows), "kind", tmp_path / "run", epochs=1)
    with pytest.raises(CannotEject, match="whole paths"):
        run.eject(tmp_path / "project", with_data=True)
    assert run.eject(tmp_path / "project").exists()
